"""Indicator results that several strategies of one search share, instead of computing each again.

with sharing(Memo(most_bytes)):
    ...   # an indicator of the catalogue asked twice for the same arrays and parameters answers from the memo
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

_MEMO: ContextVar["Memo | None"] = ContextVar("indicator_memo", default=None)


class Memo:
    """The results of most recent use, of ``most_bytes`` together. They are read-only, being everyone's.

    Arrays are known by identity: whoever shares asks with the same array object. For one thread.
    """

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self.computed = 0
        self._bytes = 0
        self._kept: OrderedDict[tuple[Any, ...], tuple[Any, tuple[Any, ...], int]] = OrderedDict()

    def get(self, name: str, fn: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """``fn(*args, **kwargs)``, computed or remembered under ``name`` and what it was asked with."""
        parts = (*args, *kwargs.values())
        key = (
            name,
            len(args),
            *kwargs,
            *[id(part) if isinstance(part, np.ndarray) else part for part in parts],
        )
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
            return found[0]
        result = fn(*args, **kwargs)
        self.computed += 1
        size = 0
        for array in result if isinstance(result, tuple) else (result,):
            if isinstance(array, np.ndarray):
                array.flags.writeable = False
                size += array.nbytes
        # The arguments are kept with it, so that no other array can get their identity meanwhile.
        self._kept[key] = result, parts, size
        self._bytes += size
        while self._bytes > self.most_bytes and len(self._kept) > 1:
            self._bytes -= self._kept.popitem(last=False)[1][2]
        return result


@contextmanager
def sharing(memo: Memo) -> Iterator[None]:
    """Within it, in this thread or task, calls of the catalogue's indicators go through ``memo``."""
    token = _MEMO.set(memo)
    try:
        yield
    finally:
        _MEMO.reset(token)


def shared() -> Memo | None:
    """The memo of the moment."""
    return _MEMO.get()
