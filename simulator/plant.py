"""What a planted fault is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Plant:
    """``target.name`` becomes ``make(the real one)``."""

    says: str
    target: Any
    name: str
    make: Callable[[Any], Any]
