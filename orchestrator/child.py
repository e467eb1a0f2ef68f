"""The first lines of every process the supervisor starts."""

import gc
import importlib
import multiprocessing
import os
from collections.abc import Callable
from typing import Any

import setproctitle

from wire import logs
from wire.concealing import conceal
from wire.config import ProcessConfig
from wire.imports import hide_pandas
from wire.namesakes import refuse_namesakes
from wire.parent import stop_with_parent


def begin(title: str, target: str, config: ProcessConfig, port: int | None, niceness: int) -> None:
    """Name the process, tie its life to the supervisor's, set up logs, then run ``module:function(config, port)``."""
    gc.freeze()  # a collection that looked through what the fork server imported would copy every page of it
    os.nice(niceness)
    hide_pandas()
    setproctitle.setproctitle(title)
    os.setpgid(0, 0)  # Ctrl-C is for the supervisor, which stops everyone in order
    parent = multiprocessing.parent_process()
    if parent is not None:
        stop_with_parent(parent.is_alive)
    conceal(config.secrets())
    logs.configure(config.name, config.home / "logs", own_output=True)
    refuse_namesakes()
    module, _, name = target.partition(":")
    main: Callable[[ProcessConfig, int | None], Any] = getattr(importlib.import_module(module), name)
    main(config, port)
