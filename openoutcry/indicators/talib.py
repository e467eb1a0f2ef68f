"""TA-Lib's compiled functions, imported without the data frame libraries.

``import talib`` wraps every function for pandas and polars when it finds them, which costs seconds and tens
of megabytes. They are hidden for the moment of that import only: a later ``import pandas`` works as ever.
"""

import importlib
import sys
from types import ModuleType

FRAMES = ("pandas", "polars")


def load() -> ModuleType:
    """The module of TA-Lib's plain functions (arrays of float64 only)."""
    absent = [name for name in FRAMES if name not in sys.modules]
    for name in absent:
        sys.modules[name] = None  # type: ignore[assignment]
    try:
        return importlib.import_module("talib._ta_lib")
    finally:
        for name in absent:
            del sys.modules[name]


ta = load()
