"""Structured logs on standard error: for a person on a terminal, one JSON object a line everywhere else.

No log line ever holds what a person wrote or who wrote it: a processor refuses such fields and messages, loudly, because a log is the
one output that nobody reviews.
"""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any, Final, Literal, TextIO, cast

import msgspec
import structlog

from tocsin import model

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from structlog.typing import FilteringBoundLogger, Processor

LogFormat = Literal["console", "json"]
LogLevel = Literal["debug", "info", "warning", "error"]

PRIVATE_KEYS: Final = frozenset(
    {
        "author",
        "body",
        "did",
        "email",
        "handle",
        "native_id",
        "phone",
        "post",
        "profile_place",
        "quote",
        "raw",
        "text",
        "uri",
        "url",
        "user",
        "username",
    }
)
"""Field names under which a post's words or its author would travel."""
_PRIVATE_TYPES: Final = (model.Post, model.DeadLetter)
MAX_DEPTH: Final = 8


class PrivateFieldError(ValueError):
    """A log call tried to write what a person wrote, or who wrote it."""


class StandardError:
    """Standard error as it is when a line is written: whoever puts another stream in its place later gets the lines, too."""

    def write(self, text: str) -> int:
        """Write to the standard error of this moment."""
        return sys.stderr.write(text)

    def flush(self) -> None:
        """Flush the standard error of this moment."""
        sys.stderr.flush()

    def isatty(self) -> bool:
        """Tell whether a person reads it."""
        return sys.stderr.isatty()


class LogOptions(msgspec.Struct, frozen=True):
    """How a process logs; picklable, so that child processes log as their parent does."""

    format: LogFormat
    level: LogLevel


def configure(
    log_format: LogFormat | None = None, level: LogLevel = "info", stream: TextIO | None = None
) -> LogOptions:
    """Send all logs of this process, also those of libraries, to a stream; give what was chosen.

    Args:
        log_format: ``None`` takes ``console`` on a terminal and ``json`` elsewhere.
        level: the least level that is written; libraries are heard from ``warning`` on.
        stream: standard error when ``None``.
    """
    target: TextIO = cast("TextIO", StandardError()) if stream is None else stream
    options = LogOptions(log_format or ("console" if target.isatty() else "json"), level)
    threshold = logging.getLevelNamesMapping()[level.upper()]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        refuse_private,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, *_renderer(options.format, target)],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.WriteLoggerFactory(target),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                *_renderer(options.format, target),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(threshold, logging.WARNING))
    return options


def get_logger(room: str) -> FilteringBoundLogger:
    """Give the logger of a room (``ingest``, ``detect``...); the name stands in each line as ``room``."""
    logger: FilteringBoundLogger = structlog.get_logger(room=room)
    return logger


def refuse_private(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Let an event pass that holds nothing of a person; a structlog processor.

    Raises:
        PrivateFieldError: a field has a private name, or a value is a message that holds a text, at any depth.
    """
    _refuse(event, depth=0)
    return event


def _refuse(value: Any, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise PrivateFieldError(f"a log field is nested deeper than {MAX_DEPTH}: it cannot be checked")
    if isinstance(value, _PRIVATE_TYPES):
        raise PrivateFieldError(f"a {type(value).__name__} must not be logged")
    if isinstance(value, dict):
        for key, below in value.items():
            if str(key).lower() in PRIVATE_KEYS:
                raise PrivateFieldError(f"the field {key!r} must not be logged")
            _refuse(below, depth + 1)
    elif isinstance(value, list | tuple | set | frozenset):
        for below in value:
            _refuse(below, depth + 1)


def _renderer(log_format: LogFormat, stream: TextIO) -> list[Processor]:
    if log_format == "json":
        return [structlog.processors.JSONRenderer(ensure_ascii=False, sort_keys=True)]
    # The plain traceback: the rich one prints local variables, and those may hold a post.
    plain = structlog.dev.plain_traceback
    return [structlog.dev.ConsoleRenderer(colors=stream.isatty(), exception_formatter=plain)]
