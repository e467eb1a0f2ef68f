"""Strategies in plain Python files: ``path/to/file.py:function``. Loading one runs the file, so only a person at the
command line may name one; nothing that comes over a network gets here."""

import hashlib
import importlib.util
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from openoutcry.backtest.function import FunctionStrategy
from openoutcry.errors import BadInput

NAMED = re.compile(r"(?P<file>.+\.py)(?::(?P<function>\w*))?", re.DOTALL)
MAX_BYTES = 1_000_000


def is_function(text: str) -> bool:
    """True for what names a Python file, with or without a function in it."""
    return NAMED.fullmatch(text) is not None


def load_function(text: str, params: Mapping[str, Any], *, field: str = "STRATEGY") -> FunctionStrategy:
    """The strategy of ``file.py:function``. Raises BadInput naming ``field`` and what is wrong with file or function."""
    named = NAMED.fullmatch(text)
    if named is None:
        raise BadInput(f"{field}: {text[:80]!r} is not file.py:function", field=field)
    path = Path(named["file"])
    module = _module(path, field)
    wanted = named["function"]
    found = getattr(module, wanted, None) if wanted else None
    if not callable(found):
        there = ", ".join(_functions(module)) or "no function"
        said = (
            f"there is no function {wanted!r} in {path}"
            if wanted
            else f"name the function, as in {path}:NAME"
        )
        raise BadInput(f"{field}: {said}; it has {there}"[:500], field=field)
    return FunctionStrategy(wanted, found, dict(params))


def content_hash(text: str) -> str:
    """SHA-256 of the file that a function stands in."""
    named = NAMED.fullmatch(text)
    assert named is not None
    return hashlib.sha256(Path(named["file"]).read_bytes()).hexdigest()


def _module(path: Path, field: str) -> ModuleType:
    if not path.is_file():
        raise BadInput(f"{field}: there is no file {path}", field=field)
    if path.stat().st_size > MAX_BYTES:
        raise BadInput(f"{field}: {path} is longer than {MAX_BYTES:,} bytes", field=field)
    name = f"outcry_strategy_{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickle look their module up
    sys.path.insert(0, str(path.resolve().parent))
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # a stranger's file can fail in any way
        del sys.modules[name]
        text = f"{field}: {path} cannot be loaded: {type(error).__name__}: {error}"
        raise BadInput(text[:500], field=field) from error
    finally:
        sys.path.remove(str(path.resolve().parent))
    return module


def _functions(module: ModuleType) -> list[str]:
    own: list[tuple[str, Callable[..., Any]]] = [
        (name, value) for name, value in vars(module).items() if callable(value) and not name.startswith("_")
    ]
    return [name for name, value in own if getattr(value, "__module__", None) == module.__name__][:20]
