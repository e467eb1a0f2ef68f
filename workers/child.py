"""``python -m workers.child``: computes one job. Started by a worker, which may kill it at any moment.

It reads its order from standard input and writes frames to what was its standard output; whatever else is printed
goes to standard error. When the worker dies, the input ends, and so does this process with all it started.
"""

import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from typing import BinaryIO

from openoutcry.errors import OpenOutcryError
from wire.compiling import keep_kernels
from workers.frames import ORDER, Done, Failed, Frame, Order, send
from workers.kinds import find
from workers.work import Work

NICENESS = 5
"""Computing gives way to trading on a busy machine."""


def main() -> None:
    """Take the order, run it, hand over what it leaves."""
    pipe = _private_output()
    os.nice(NICENESS)
    order = ORDER.decode(sys.stdin.buffer.readline())
    keep_kernels(order.home)
    threading.Thread(target=_end_with_worker, name="worker-watch", daemon=True).start()
    send(pipe, _outcome(order, lambda frame: send(pipe, frame)))


def _outcome(order: Order, say: Callable[[Frame], None]) -> Frame:
    keep_kernels(order.home)
    try:
        return Done(find(order.kind)(Work(order, say)))
    except OpenOutcryError as error:
        return Failed(str(error))
    except MemoryError:
        return Failed("out of memory")
    except Exception as error:  # whatever a kind's code raises is the job's failure, not ours
        traceback.print_exc()
        return Failed(f"{type(error).__name__}: {error}")


def _private_output() -> BinaryIO:
    """Keep standard output for frames; what libraries print goes to standard error."""
    mine = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return mine


def _end_with_worker() -> None:
    while os.read(
        sys.stdin.fileno(), 4096
    ):  # not the buffered reader: its lock must be free when Python ends
        pass
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
