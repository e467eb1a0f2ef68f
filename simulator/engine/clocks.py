"""Every clock the product reads, put on virtual time for the length of a run."""

import importlib
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from wire.clock import WallClock

OURS = ("agents", "db", "mcp_servers", "openoutcry", "orchestrator", "wire")
READ = {"monotonic": time.monotonic, "perf_counter": time.perf_counter}
BORN = datetime(2026, 1, 5, tzinfo=UTC)
"""Wall time when virtual time is 0."""


def wall(seconds: float) -> datetime:
    """Wall time at a virtual time."""
    return BORN + timedelta(microseconds=round(seconds * 1e6))


@contextmanager
def virtual(now: Callable[[], float]) -> Iterator[None]:
    """``monotonic`` and ``perf_counter`` of every loaded module of ours, and ``WallClock``, read ``now``."""
    changed = _readers(len(sys.modules))
    breaker = importlib.import_module("agents.llm.breaker").Breaker
    defaults = breaker.__init__.__defaults__
    for module, attribute, _ in changed:
        setattr(module, attribute, now)
    breaker.__init__.__defaults__ = (now,)
    real_now = WallClock.now
    WallClock.now = lambda self: wall(now())  # type: ignore[method-assign]
    try:
        yield
    finally:
        WallClock.now = real_now  # type: ignore[method-assign]
        breaker.__init__.__defaults__ = defaults
        for module, attribute, real in changed:
            setattr(module, attribute, real)


@lru_cache(maxsize=1)
def _readers(modules: int) -> list[tuple[Any, str, Any]]:
    """Every module of ours that reads a clock by name, found anew when more ``modules`` have been loaded."""
    return [
        (module, attribute, real)
        for name, module in sorted(sys.modules.items())
        if name.partition(".")[0] in OURS
        for attribute, real in READ.items()
        if vars(module).get(attribute) is real
    ]
