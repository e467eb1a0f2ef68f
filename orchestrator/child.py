"""The first lines of every process the supervisor starts."""

import importlib
import multiprocessing
import os
import sys
from collections.abc import Callable
from typing import Any

import setproctitle

from wire import logs
from wire.config import ProcessConfig
from wire.host import stop_with_parent
from wire.namesakes import refuse_namesakes


class WithoutPandas:
    """pyarrow and TA-Lib import pandas wherever it is installed: most of a second and 40 MB a process, for nothing we use."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        """Refuse pandas; everything else is for the finders after this one."""
        if name == "pandas":
            raise ModuleNotFoundError("pandas is not imported in the floor's processes", name=name)


def begin(title: str, target: str, config: ProcessConfig, port: int | None) -> None:
    """Name the process, tie its life to the supervisor's, set up logs, then run ``module:function(config, port)``."""
    sys.meta_path.insert(0, WithoutPandas())
    setproctitle.setproctitle(title)
    os.setpgid(0, 0)  # Ctrl-C is for the supervisor, which stops everyone in order
    parent = multiprocessing.parent_process()
    if parent is not None:
        stop_with_parent(parent.is_alive)
    logs.configure(config.name, config.home / "logs", own_output=True)
    refuse_namesakes()
    module, _, name = target.partition(":")
    main: Callable[[ProcessConfig, int | None], Any] = getattr(importlib.import_module(module), name)
    main(config, port)
