"""The peer of the HTTP bench: tasks in FastAPI with SQLAlchemy's async ORM on asyncpg, as its tutorials set it up."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import Depends, FastAPI, HTTPException
from pydantic import BaseModel, ConfigDict
from sqlalchemy import JSON, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

engine = create_async_engine(os.environ["BENCH_DATABASE"], pool_size=10, max_overflow=0)
sessions = async_sessionmaker(engine, expire_on_commit=False)


class Base(DeclarativeBase):
    """Of the tables."""


class Job(Base):
    """A row."""

    __tablename__ = "job"
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    id: Mapped[UUID] = mapped_column(unique=True, default=uuid4)
    operation: Mapped[str] = mapped_column(index=True)
    state: Mapped[str] = mapped_column(index=True, default="queued")
    queue: Mapped[str] = mapped_column(default="default")
    priority: Mapped[int] = mapped_column(default=5)
    args: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    created_at: Mapped[datetime] = mapped_column(default=lambda: datetime.now(UTC).replace(tzinfo=None))


class NewJob(BaseModel):
    """What is submitted."""

    operation: str
    args: dict[str, Any] = {}


class ManyJobs(BaseModel):
    """Together or not at all."""

    tasks: list[NewJob]


class JobView(BaseModel):
    """What is answered."""

    model_config = ConfigDict(from_attributes=True)
    number: int
    id: UUID
    operation: str
    state: str
    queue: str
    priority: int
    args: dict[str, Any]
    created_at: datetime


@asynccontextmanager
async def _life(_: FastAPI) -> AsyncIterator[None]:
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield


async def _session() -> AsyncIterator[AsyncSession]:
    async with sessions() as session:
        yield session


app = FastAPI(lifespan=_life)
Session = Annotated[AsyncSession, Depends(_session)]


@app.post("/tasks", status_code=202)
async def submit(body: NewJob, session: Session) -> JobView:
    """Durable when it is answered."""
    job = Job(operation=body.operation, args=body.args)
    session.add(job)
    await session.commit()
    return JobView.model_validate(job)


@app.post("/tasks:many", status_code=202)
async def submit_many(body: ManyJobs, session: Session) -> list[JobView]:
    """All in one transaction."""
    jobs = [Job(operation=one.operation, args=one.args) for one in body.tasks]
    session.add_all(jobs)
    await session.commit()
    return [JobView.model_validate(job) for job in jobs]


@app.get("/tasks/{number}")
async def get(number: int, session: Session) -> JobView:
    """One."""
    job = await session.get(Job, number)
    if job is None:
        raise HTTPException(404)
    return JobView.model_validate(job)


@app.get("/tasks")
async def page(session: Session, limit: int = 50) -> list[JobView]:
    """The newest."""
    jobs = await session.scalars(select(Job).order_by(Job.number.desc()).limit(limit))
    return [JobView.model_validate(job) for job in jobs]
