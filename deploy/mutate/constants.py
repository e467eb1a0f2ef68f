"""Put a changed table or number into code that is already imported: quicker than importing all of it afresh.

Only plain data is put in its place, wherever it is known by its own name. A kill so found is one; what survives is tried
once more the cold way, which sees what was derived from the value too.
"""

import re
import sys
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from types import CodeType, ModuleType

Leaf = (str, bytes, int, float, bool, Decimal, timedelta, re.Pattern, type(None), slice)


def replace(module: ModuleType, code: CodeType) -> bool:
    """Run the changed file beside the module and take its changed constants over; False when there is nothing plain to take."""
    fresh: dict[str, object] = {"__name__": module.__name__, "__file__": module.__file__}
    exec(code, fresh)
    taken = False
    for name, old in list(vars(module).items()):
        new = fresh.get(name)
        if name.startswith("__") or not (_plain(old) and _plain(new)) or repr(old) == repr(new):
            continue
        for other in list(sys.modules.values()):
            if getattr(other, "__dict__", {}).get(name) is old:
                setattr(other, name, new)
        taken = True
    return taken


def _plain(value: object) -> bool:
    if isinstance(value, Mapping):
        return all(_plain(key) and _plain(one) for key, one in value.items())
    if isinstance(value, tuple | list | set | frozenset):
        return all(_plain(one) for one in value)
    return isinstance(value, Leaf)
