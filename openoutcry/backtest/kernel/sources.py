"""What a compiled function was compiled from: its own code, that of every part it calls, and the constants they name."""

import hashlib
from types import CodeType
from typing import Any

CONSTANTS = (bool, int, float, str, bytes, tuple, type(None))


def fingerprint(function: Any) -> str:
    """Changes with any of that, wherever it stands."""
    digest = hashlib.sha256()
    for text in _told(function, set()):
        digest.update(text.encode())
    return digest.hexdigest()


def _told(function: Any, seen: set[int]) -> list[str]:
    if id(function) in seen:
        return []
    seen.add(id(function))
    found = []
    for code in _codes(function.__code__):
        found += [code.co_code.hex(), *(_shown(const) for const in code.co_consts)]
        for name in code.co_names:
            found += [name, *_value(function.__globals__.get(name), seen)]
    return found


def _shown(const: Any) -> str:
    if isinstance(const, CodeType):
        return ""
    return repr(sorted(const, key=repr)) if isinstance(const, frozenset) else repr(const)


def _codes(code: CodeType) -> list[CodeType]:
    inner = [const for const in code.co_consts if isinstance(const, CodeType)]
    return [code, *(one for part in inner for one in _codes(part))]


def _value(value: Any, seen: set[int]) -> list[str]:
    if hasattr(value, "py_func"):
        return _told(value.py_func, seen)
    if isinstance(value, type) and hasattr(value, "_fields"):
        return [repr(value._fields)]
    if isinstance(value, CONSTANTS) or type(value).__module__ == "numpy":
        return [repr(value)]
    return []
