"""Every notifier there is, by its name: the modules beside this one."""

import logging
import pkgutil
from collections.abc import Mapping
from importlib import import_module

import api.notifiers
from api.notifiers.base import Notifier

NOT_ONE = ("base", "found")
NAMES_ADDRESSES = ("httpx2", "httpcore2")
"""Loggers that write every address they are sent to, and some addresses are secrets."""


def configured(env: Mapping[str, str]) -> dict[str, Notifier]:
    """Those the environment configures. Raises BadConfig for one that is half configured."""
    for name in NAMES_ADDRESSES:
        logging.getLogger(name).setLevel(logging.WARNING)
    found: dict[str, Notifier] = {}
    for each in pkgutil.iter_modules(api.notifiers.__path__):
        if each.name in NOT_ONE:
            continue
        module = import_module(f"api.notifiers.{each.name}")
        notifier: Notifier | None = module.configured(env)
        if notifier is not None:
            found[module.NAME] = notifier
    return found
