"""The compiler's one setting: results are the same bits as in Python (no fused or reordered arithmetic), and what was
compiled once is loaded from then on."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile at the first call, or load what was compiled before."""
    return cast(Function, njit(cache=True, nogil=True, error_model="numpy", forceinline=True)(function))
