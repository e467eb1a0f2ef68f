"""Keeping libraries from importing what is installed for others."""

import sys


class WithoutPandas:
    """pyarrow and TA-Lib import pandas wherever it is installed: most of a second and 40 MB a process, for nothing we use."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        """Refuse pandas; everything else is for the finders after this one."""
        if name == "pandas":
            raise ModuleNotFoundError("pandas is not imported in the floor's processes", name=name)


def hide_pandas() -> None:
    """From now on, in this process, there is no pandas."""
    if not any(isinstance(finder, WithoutPandas) for finder in sys.meta_path):
        sys.meta_path.insert(0, WithoutPandas())
