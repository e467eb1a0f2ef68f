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


def exchange_class(name: str) -> Any:
    """ccxt's asyncio class of an exchange. Raises BadConfig for a name it does not know."""
    _install("ccxt", "ccxt.base.exchange")
    _install("ccxt.async_support", "ccxt.async_support.base.exchange")
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
    _install("ccxt", "ccxt.base.exchange")
    return importlib.import_module("ccxt.base.errors")


def _install(package: str, base: str) -> None:
    if package in sys.modules:
        return
    spec = importlib.util.find_spec(package)
    if spec is None:
        raise BadConfig(f"{package} is not installed", field="exchange")
    module = importlib.util.module_from_spec(spec)  # not executed: executing it imports every exchange

    def lookup(attribute: str) -> Any:
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        known = importlib.import_module("ccxt.base.errors")
        if hasattr(known, attribute):
            return getattr(known, attribute)
        if attribute in ("Exchange", "BaseExchange"):
            return getattr(importlib.import_module(base), attribute)
        if attribute == "exchanges":
            return exchange_names()
        try:
            return getattr(importlib.import_module(f"{package}.{attribute}"), attribute)
        except ImportError as error:
            raise AttributeError(f"{package} has no {attribute}") from error

    module.__getattr__ = lookup  # type: ignore[method-assign]
    sys.modules[package] = module
