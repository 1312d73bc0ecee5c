"""Taskward runs and tracks long-running background operations as trees."""

from importlib.metadata import version

__version__ = version("taskward")
