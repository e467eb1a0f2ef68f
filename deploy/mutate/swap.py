"""Put a mutant into code that is already imported: the functions of a changed file give their bodies to the living ones.

Whoever holds a function (another module, a decorator, a class, a table) holds the same object, and runs the new body.
What is worked out when a module is imported cannot be changed so: such mutants are imported afresh (``cold.py``).
"""

import gc
from collections.abc import Iterable, Iterator
from types import CodeType, FunctionType


class CannotSwap(Exception):
    """The change alters what a function closes over; it has to be imported afresh."""


def living(filename: str) -> list[FunctionType]:
    """Every function of a file that lives in this process."""
    gc.unfreeze()  # what was frozen is not among the objects that are told
    return [
        one
        for one in gc.get_objects()
        if isinstance(one, FunctionType) and one.__code__.co_filename == filename
    ]


def bodies(functions: Iterable[FunctionType], mutated: CodeType) -> list[tuple[FunctionType, CodeType]]:
    """The functions of one file that have another body in ``mutated``, with it. Raises CannotSwap."""
    by_place = {(code.co_qualname, code.co_firstlineno): code for code in _codes(mutated)}
    found = []
    for one in functions:
        old = one.__code__
        new = by_place.get((old.co_qualname, old.co_firstlineno), old)
        if new.co_freevars != old.co_freevars:
            raise CannotSwap(old.co_qualname)
        if new != old:
            found.append((one, new))
    return found


def swap(pairs: Iterable[tuple[FunctionType, CodeType]]) -> None:
    """Give each function its other body."""
    for one, new in pairs:
        one.__code__ = new


def _codes(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _codes(constant)
