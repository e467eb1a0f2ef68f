"""How the loops are compiled. Results are the same bits as in Python: no fused or reordered arithmetic.

The compiler looks for SciPy and CFFI when it first compiles or loads something, which takes longer than everything
else together; no loop needs them, so it is made to look while they cannot be seen.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit
from numba.core.caching import FunctionCache
from numba.core.registry import cpu_target

from openoutcry.absent import absent
from openoutcry.backtest.kernel.sources import fingerprint

with absent("scipy.linalg", "cffi"):
    cpu_target.typing_context.refresh()
    cpu_target.target_context.refresh()

Function = TypeVar("Function", bound=Callable[..., Any])
PLAIN: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
WHOLE: dict[str, Any] = {**PLAIN, "_nrt": False}
"""Arrays are the caller's: none may be made inside, so that none has to be counted (``_nrt``), which would cost as much as
the arithmetic where a loop is short."""


class Kept(FunctionCache):
    """What was compiled before. The compiler itself looks only into the file of a function, not into those of its parts,
    and would go on with what they were: here they are in the key."""

    def _index_key(self, sig: Any, codegen: Any) -> tuple[Any, ...]:
        key: tuple[Any, ...] = super()._index_key(sig, codegen)  # type: ignore[no-untyped-call]
        return (*key, fingerprint(self._py_func))


def compiled(function: Function) -> Function:
    """Compile at the first call, or load what was compiled before."""
    return _kept(njit(**WHOLE)(function), function)


def fused(function: Function) -> Function:
    """As ``compiled``, with fused multiply-adds: twice as fast, and the last bit depends on the processor."""
    return _kept(njit(**WHOLE, fastmath={"contract"})(function), function)


def part(function: Function) -> Function:
    """Compile as a part of whatever calls it."""
    return cast(Function, njit(**PLAIN, inline="always")(function))


def _kept(dispatcher: Any, function: Function) -> Function:
    try:
        dispatcher._cache = Kept(function)  # type: ignore[no-untyped-call]
    except RuntimeError:  # no folder can be written to: every process compiles for itself
        return cast(Function, dispatcher)
    return cast(Function, dispatcher)
