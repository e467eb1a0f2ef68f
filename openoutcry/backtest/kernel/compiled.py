"""How the loops are compiled. Results are the same bits as in Python: no fused or reordered arithmetic."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

Function = TypeVar("Function", bound=Callable[..., Any])
PLAIN: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
WHOLE: dict[str, Any] = {**PLAIN, "cache": True, "_nrt": False}
"""Arrays are the caller's: none may be made inside, so that none has to be counted (``_nrt``), which would cost as much as
the arithmetic where a loop is short."""


def compiled(function: Function) -> Function:
    """Compile at the first call, or load what was compiled before."""
    return cast(Function, njit(**WHOLE)(function))


def fused(function: Function) -> Function:
    """As ``compiled``, with fused multiply-adds: twice as fast, and the last bit depends on the processor."""
    return cast(Function, njit(**WHOLE, fastmath={"contract"})(function))


def part(function: Function) -> Function:
    """Compile as a part of whatever calls it."""
    return cast(Function, njit(**PLAIN, inline="always")(function))
