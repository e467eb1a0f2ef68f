"""Logs are events: one JSON line each on stderr or in the process's file under {home}/logs; secrets never go in."""

import logging
import os
import sys
from pathlib import Path
from typing import TextIO

import structlog
from structlog.tracebacks import ExceptionDictTransformer

KEEP_BYTES = 20_000_000


def configure(
    name: str, folder: Path | None = None, level: str = "INFO", *, own_output: bool = False
) -> None:
    """Send structlog and library logs to ``folder/name.log`` (or stderr). Never stdout: stdio servers speak MCP there.

    ``own_output``: what this process prints, the traceback of a crash above all, goes there too.
    """
    stream: TextIO = sys.stderr
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{name}.log"
        if path.exists() and path.stat().st_size > KEEP_BYTES:
            path.replace(path.with_suffix(".log.1"))
        stream = path.open("a", buffering=1, encoding="utf-8")
        if own_output:
            os.dup2(stream.fileno(), sys.stdout.fileno())
            os.dup2(stream.fileno(), sys.stderr.fileno())
    number = logging.getLevelNamesMapping()[level]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            # local variables of a crash could hold tokens
            structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.bind_contextvars(process=name)
    logging.basicConfig(
        stream=stream,
        level=logging.WARNING,
        format="%(asctime)s %(name)s %(levelname)s %(message)s",
        force=True,
    )
