"""TA-Lib's compiled functions, imported without the data frame libraries.

``import talib`` wraps every function for pandas and polars when it finds them, which costs seconds and tens
of megabytes. They are hidden for the moment of that import only: a later ``import pandas`` works as ever.
"""

import importlib
from types import ModuleType

from openoutcry.absent import absent


def load() -> ModuleType:
    """The module of TA-Lib's plain functions (arrays of float64 only)."""
    with absent("pandas", "polars"):
        return importlib.import_module("talib._ta_lib")


ta = load()
