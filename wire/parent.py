"""The tie between a process and the one that started it."""

import os
import signal
import threading
from collections.abc import Callable


def stop_with_parent(alive: Callable[[], bool]) -> None:
    """Stop this process soon after ``alive`` turns false, so that nothing outlives a killed supervisor."""

    def watch() -> None:
        while alive():
            threading.Event().wait(0.5)
        os.kill(os.getpid(), signal.SIGTERM)
        threading.Event().wait(8.0)
        os._exit(1)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()
