"""What a process writes about itself: one line per event, to stderr."""

import logging
import sys
from typing import Any

import structlog

from taskward.model.masking import mask_value
from taskward.settings import LogSettings


def configure_logs(settings: LogSettings) -> None:
    """Sends structlog and the standard library's loggers one way, in the format that is set, without secrets."""
    # The process's own stderr: whatever stands in for it for a while may be closed when the next line comes.
    stream = sys.__stderr__ or sys.stderr
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _mask,
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if settings.format == "json"
        else structlog.dev.ConsoleRenderer(colors=stream.isatty())
    )
    last: list[Any] = [structlog.processors.format_exc_info] if settings.format == "json" else []
    structlog.configure(
        processors=[*shared, *last, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    # Libraries say at info what is of interest to their developers.
    root.setLevel(max(level, logging.WARNING))


def _mask(_logger: object, _method: str, event: Any) -> Any:
    return mask_value(event)
