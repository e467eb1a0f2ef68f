"""Load that is open: a request is due at its time whatever the server does, and its latency counts from then."""

from collections import deque
from collections.abc import Sequence
from select import select
from time import perf_counter

from benchmarks.api.load import Line, Tally, connected

PATIENCE_S = 30.0
"""After the last request is due; what is not answered then counts as not answered."""


def steady(address: str, contents: Sequence[bytes], connections: int, per_s: float, seconds: float) -> Tally:
    """So many requests a second, evenly; one waits where no connection is free. Raises ConnectionError."""
    tally, lines = Tally(), connected(address, connections)
    idle, busy = deque(lines), set[Line]()
    began, sent, total = perf_counter(), 0, int(per_s * seconds)
    while len(tally.took) < total and (left := began + seconds + PATIENCE_S - perf_counter()) > 0:
        while idle and sent < total and (due := began + sent / per_s) <= perf_counter():
            line = idle.popleft()
            line.ask(contents[sent % len(contents)], due)
            busy.add(line)
            sent += 1
        if idle and sent < total:
            left = max(0.0, began + sent / per_s - perf_counter())
        for line in select(busy, (), (), left)[0]:
            if line.hear(tally):
                busy.discard(line)
                idle.append(line)
    for line in lines:
        line.close()
    return tally
