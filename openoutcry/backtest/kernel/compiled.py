"""How the loops are compiled. Results are the same bits as in Python: no fused or reordered arithmetic.

The compiler looks for SciPy and CFFI when it first compiles or loads something, which takes longer than everything
else together; no loop needs them, so it is made to look while they cannot be seen.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit
from numba.core.registry import cpu_target

from openoutcry.absent import absent

with absent("scipy.linalg", "cffi"):
    cpu_target.typing_context.refresh()
    cpu_target.target_context.refresh()

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
