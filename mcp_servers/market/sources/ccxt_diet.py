"""One exchange of ccxt without the other hundred: a tenth of the time and half the memory of ``import ccxt``.

ccxt's packages import every exchange when they are imported. Here they are put in place unexecuted, with the names
their own modules ask of them looked up one by one. Whoever imports ccxt in earnest first keeps the real one.
"""

import importlib
import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from openoutcry.errors import BadConfig

NAME = re.compile(r"[a-z][a-z0-9]{1,30}", re.ASCII)
NOT_EXCHANGES = {"__init__", "base", "abstract", "pro"}


class _Package(ModuleType):
    """A ccxt package whose ``__init__`` did not run: names are found when asked for."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        known = importlib.import_module("ccxt.base.errors")
        if hasattr(known, name):
            return getattr(known, name)
        if name in ("Exchange", "BaseExchange"):
            return getattr(importlib.import_module(f"{self.__name__}.base.exchange"), name)
        if name == "exchanges":
            return exchange_names()
        try:
            importlib.import_module(f"{self.__name__}.{name}")
        except ImportError as error:
            raise AttributeError(f"{self.__name__} has no {name}") from error
        return self.__dict__[name]

    def __setattr__(self, name: str, value: Any) -> None:
        # importing a submodule sets it here; as in the real package an exchange's name means its class
        super().__setattr__(name, getattr(value, name, value) if isinstance(value, ModuleType) else value)


def exchange_class(name: str) -> Any:
    """ccxt's asyncio class of an exchange. Raises BadConfig for a name it does not know."""
    _install("ccxt")
    _install("ccxt.async_support")
    if not NAME.fullmatch(name) or name not in exchange_names():
        raise BadConfig(
            f"exchange: {name!r} is not an exchange ccxt knows, such as binance", field="exchange"
        )
    return getattr(importlib.import_module(f"ccxt.async_support.{name}"), name)


def exchange_names() -> list[str]:
    """Every exchange ccxt has, by its files."""
    folder = Path(str(sys.modules["ccxt.async_support"].__path__[0]))
    return sorted(path.stem for path in folder.glob("*.py") if path.stem not in NOT_EXCHANGES)


def errors() -> ModuleType:
    """ccxt's exception classes."""
    _install("ccxt")
    return importlib.import_module("ccxt.base.errors")


def _install(package: str) -> None:
    if package in sys.modules:
        return
    spec = importlib.util.find_spec(package)
    if spec is None:
        raise BadConfig(f"{package} is not installed", field="exchange")
    module = importlib.util.module_from_spec(spec)  # not executed: executing it imports every exchange
    module.__class__ = _Package
    sys.modules[package] = module
    parent, _, child = package.rpartition(".")
    if parent:
        setattr(sys.modules[parent], child, module)
