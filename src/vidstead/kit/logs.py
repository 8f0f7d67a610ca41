"""Logs: one JSON object per line on standard error, the same for every process and every library.

What must never be in a log is cut out of the finished line, wherever in it a library has put it: secrets of upload
addresses, tokens in query strings, ``Authorization`` values, passwords inside addresses.
"""

import logging
import re
import sys
from typing import Literal, TextIO

import structlog
from structlog.types import EventDict, Processor, WrappedLogger

Level = Literal["debug", "info", "warning", "error"]

SECRETS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(/uploads/[^/\s\"'\\]+/)[^/?\s\"'\\{]+"), r"\1***"),
    (re.compile(r"([?&](?:token|signature|x-amz-signature|x-goog-signature|sig)=)[^&\s\"'\\]+", re.I), r"\1***"),
    (re.compile(r"\b((?:basic|bearer)\s+)[A-Za-z0-9._~+/=-]{8,}", re.I), r"\1***"),
    (re.compile(r"(://[^:/@\s\"'\\]+:)[^@/\s\"'\\]+@"), r"\1***@"),
)
# Their request logs would double ours, with the query strings that ours leaves out; procrastinate tells each task.
QUIET_LOGGERS = (
    *("httpx", "httpcore", "granian.access", "_granian.access", "uvicorn.access", "asyncio"),
    *("procrastinate.blueprints", "procrastinate.periodic"),
)


def configure_logging(level: Level = "info", *, stream: TextIO | None = None) -> None:
    """Send every log line of this process, structlog's and the standard library's, to ``stream`` as JSON.

    ``level`` is the least severe level that is written. ``stream`` is standard error by default.
    """
    threshold = logging.getLevelNamesMapping()[level.upper()]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
                _redact_line,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(threshold)
    for name in QUIET_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(True)


def redact(text: str) -> str:
    """``text`` without the secrets that addresses and headers carry."""
    for pattern, replacement in SECRETS:
        text = pattern.sub(replacement, text)
    return text


def _redact_line(_logger: WrappedLogger, _method: str, line: EventDict | str) -> str:
    return redact(str(line))
