"""One finding of ``outcry doctor``."""

from typing import Literal

from openoutcry.types.frozen import Frozen


class Check(Frozen):
    """One finding."""

    name: str
    state: Literal["ok", "warn", "fail"]
    said: str
    advice: str = ""
