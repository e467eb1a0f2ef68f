"""Being told to stop: SIGTERM and Ctrl-C, heard by the running event loop."""

import asyncio
import signal
from collections.abc import Callable


def when_stopped(act: Callable[[], object]) -> None:
    """Call ``act`` in the loop for each of them, instead of what Python would do."""
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, act)


def stop_event() -> asyncio.Event:
    """Set at the first of them."""
    stop = asyncio.Event()
    when_stopped(stop.set)
    return stop
