"""Writes whose caller is gone are not begun.

A process that stood still finds, when it wakes, what was sent to it meanwhile, by callers that have long given up and may have
asked again or elsewhere. Whoever closed the connection is not there to hear what became of it.
"""

import asyncio
import select
from collections.abc import Callable

from api.failures import Failure
from api.haste import READING
from api.requests import AnyRequest

HUNG_UP = "hung_up"
"""Where in a request's state the server says how to find out."""
CLOSED = select.POLLHUP | select.POLLERR | getattr(select, "POLLRDHUP", 0)


def hung_up(transport: asyncio.Transport) -> bool:
    """Whether the other end has closed its socket, read or not: the loop may not have come to it. Where the system does not
    say so, what the loop has seen counts.
    """
    if transport.is_closing():  # its descriptor may be another's by now
        return True
    looking = select.poll()
    looking.register(transport.get_extra_info("socket").fileno(), CLOSED)
    return bool(looking.poll(0))


def unless_gone(request: AnyRequest) -> None:
    """Stands before every route. Raises Failure 408, which nobody hears."""
    closed: Callable[[], bool] | None = request.scope["state"].get(HUNG_UP)
    reading = request.method in READING
    if not reading and closed is not None and closed():
        raise Failure(408, "the caller is gone", code="CALLER_GONE", details="nothing was done")
