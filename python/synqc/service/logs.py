"""Log lines as JSON, one per line, each with the request it belongs to."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

from synqc.service.middleware.request_id import request_id

__all__ = ["write_logs", "write_logs_of_server"]


class _AsJson(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": request_id.get(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def write_logs(level: str) -> None:
    """Write this package's log to standard error, unless the process has set up logging itself.

    What the server writes takes the same form, unless it was told another one.
    """
    logger = logging.getLogger("synqc")
    if not logger.hasHandlers():
        _write(logger, level)
    for name in ("uvicorn", "uvicorn.access"):
        for handler in logging.getLogger(name).handlers:
            if type(handler.formatter).__module__ == "uvicorn.logging":  # its default, which is text
                handler.setFormatter(_AsJson())


def write_logs_of_server(level: str) -> None:
    """Write what the server and Python's warnings say, too: they have no log of their own."""
    logging.captureWarnings(True)
    for name in ("uvicorn", "py.warnings"):
        logger = logging.getLogger(name)
        if not logger.hasHandlers():
            _write(logger, level)


def _write(logger: logging.Logger, level: str) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_AsJson())
    logger.addHandler(handler)
    logger.setLevel(level if level in logging.getLevelNamesMapping() else "INFO")
