"""The machine this process runs on, measured when asked."""

import os
from collections.abc import Mapping
from pathlib import Path
from time import monotonic
from typing import Any

import psutil

HIGH_PERCENT = 90.0
MEGABYTE = 1024.0**2
GIGABYTE = 1024.0**3
LEAST_S = 0.5
"""A shorter time says nothing about how busy a processor is."""


class Machine:
    """Processor use is that since the last look, which is at least half a second ago."""

    def __init__(self) -> None:
        psutil.cpu_percent()  # what the first look is measured from
        self._looked = monotonic()
        self._usage = 0.0
        self._high_since: float | None = None

    def usage(self) -> float:
        """Percent of all processors."""
        now = monotonic()
        if now - self._looked >= LEAST_S:
            self._usage, self._looked = psutil.cpu_percent(), now
            high = self._usage >= HIGH_PERCENT
            self._high_since = (self._high_since or now) if high else None
        return self._usage

    def cpu(self) -> Mapping[str, Any]:
        """Usage, cores, and for how long every look has found it at 90 % or more."""
        usage, since = self.usage(), self._high_since
        return {
            "usage_percent": usage,
            "cores": psutil.cpu_count() or 1,
            "high_duration_seconds": 0.0 if since is None else round(monotonic() - since, 3),
        }


def memory() -> Mapping[str, float]:
    """Of the machine."""
    found = psutil.virtual_memory()
    return {
        "total_mb": round(found.total / MEGABYTE, 3),
        "used_mb": round(found.used / MEGABYTE, 3),
        "percent": found.percent,
    }


def disk(folder: Path | None) -> Mapping[str, float]:
    """Of the disk that holds ``folder``, else the working folder."""
    found = psutil.disk_usage(str(folder or Path.cwd()))
    return {
        "total_gb": round(found.total / GIGABYTE, 3),
        "used_gb": round(found.used / GIGABYTE, 3),
        "percent": found.percent,
    }


def process() -> Mapping[str, Any]:
    """This process."""
    own = psutil.Process()
    with own.oneshot():
        return {
            "pid": os.getpid(),
            "memory_mb": round(own.memory_info().rss / MEGABYTE, 3),
            "threads": own.num_threads(),
        }
