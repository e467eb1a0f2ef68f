"""Logs are events: one JSON line each on stderr or in the process's file under {home}/logs; secrets never go in.

A line that cannot be written, be it that the disk is full, the file closed or a value has no text, is lost and counted:
what was to be logged goes on. OUTCRY_LOG_LEVEL (DEBUG, INFO, WARNING or ERROR) says how much is told; at DEBUG libraries tell
everything too.
"""

import io
import json
import logging
import os
import sys
from collections.abc import Mapping, MutableMapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO, cast

import structlog
from structlog.tracebacks import ExceptionDictTransformer

from openoutcry.errors import BadConfig
from wire.concealing import concealed

KEEP_BYTES = 20_000_000
LEVEL = "OUTCRY_LOG_LEVEL"
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
_as_json = structlog.processors.JSONRenderer()


class Sink(io.TextIOBase):
    """Where lines go: a file, or what is standard error at the moment a line is written. No secret goes there."""

    def __init__(self, file: TextIO | None = None) -> None:
        super().__init__()
        self._file = file
        self.lost = 0

    def write(self, text: str) -> int:
        """Write; the first line after some that were lost is preceded by how many."""
        file = self._file or sys.stderr
        try:
            if self.lost:
                file.write(f'{{"event": "log_lines_lost", "level": "warning", "count": {self.lost}}}\n')
                self.lost = 0
            file.write(concealed(text))
        except (OSError, ValueError):
            self.lost += 1
        return len(text)

    def fileno(self) -> int:
        """The file's."""
        return (self._file or sys.stderr).fileno()

    def flush(self) -> None:
        """Hand on what is buffered."""
        try:
            (self._file or sys.stderr).flush()
        except (OSError, ValueError):
            self.lost += 1


class _AsLine(logging.Formatter):
    """A library's message as one line of JSON too: a line break or a terminal's codes in it stay what they are, text."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        told: dict[str, Any] = {
            "event": record.getMessage(), "logger": record.name, "level": record.levelname.lower(), "process": self._process,
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
        }  # fmt: skip
        if record.exc_info:
            told["exception"] = self.formatException(record.exc_info)
        return json.dumps(told)


def _render(logger: Any, method: str, event: MutableMapping[str, Any]) -> str:
    try:
        return str(_as_json(logger, method, event))
    except Exception as error:  # whatever the repr of a logged value raises
        told = {"event": str(event.get("event")), "level": method, "unloggable": type(error).__name__}
        return str(_as_json(logger, method, told))


def asked_level(env: Mapping[str, str] = os.environ) -> str:
    """What OUTCRY_LOG_LEVEL says, INFO when it says nothing. Raises BadConfig."""
    level = env.get(LEVEL) or "INFO"
    if level not in LEVELS:
        raise BadConfig(f"{LEVEL}: must be one of {', '.join(LEVELS)}", field=LEVEL)
    return level


def _file(folder: Path, name: str) -> TextIO | None:
    """The process's file, begun anew when it is long; None where it cannot be written to: then standard error has to do."""
    path = folder / f"{name}.log"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if path.exists() and path.stat().st_size > KEEP_BYTES:
            path.replace(path.with_suffix(".log.1"))
        return path.open("a", buffering=1, encoding="utf-8")
    except OSError as error:
        print(f"{path}: {error.strerror}; its lines follow here", file=sys.stderr)
        return None


def configure(
    name: str, folder: Path | None = None, level: str | None = None, *, own_output: bool = False
) -> None:
    """Send structlog and library logs to ``folder/name.log`` (or stderr). Never stdout: stdio servers speak MCP there.

    ``level`` is that of a command whose output is its own, else OUTCRY_LOG_LEVEL's. ``own_output``: what this process prints,
    the traceback of a crash above all, goes there too. Raises BadConfig.
    """
    level = level or asked_level()
    stream = None if folder is None else _file(folder, name)
    sink = Sink(stream)
    if own_output and stream is not None:
        os.dup2(stream.fileno(), sys.stdout.fileno())
        os.dup2(stream.fileno(), sys.stderr.fileno())
        sys.stdout = sys.stderr = sink
    number = logging.getLevelNamesMapping()[level]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            # local variables of a crash could hold tokens
            structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
            _render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(cast(TextIO, sink)),
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.bind_contextvars(process=name)
    handler = logging.StreamHandler(sink)
    handler.setFormatter(_AsLine(name))
    logging.basicConfig(handlers=[handler], level=number if level == "DEBUG" else logging.WARNING, force=True)
