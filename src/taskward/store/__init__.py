"""What is durable: one set of plans and statements, run on SQLite and on PostgreSQL."""

from taskward.store.facade import PostgresStore, SqliteStore, SqlStore

__all__ = ["PostgresStore", "SqlStore", "SqliteStore"]
