"""Which exchanges the floor can ask for live data: told without importing ccxt, which takes a second."""

from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path

from openoutcry.errors import BadConfig


def refuse_unknown(exchange: str, *, field: str = "--exchange") -> None:
    """Raise BadConfig naming ``field`` when ccxt has no exchange of this name.

    So that a slip of the pen is not taken for an exchange that is silent.
    """
    found = find_spec("ccxt")
    folders = (
        [Path(folder) / "async_support" for folder in found.submodule_search_locations or ()] if found else []
    )
    names = {file.stem for folder in folders for file in folder.glob("[a-z]*.py")}
    if exchange not in names:
        alike = get_close_matches(exchange.lower(), sorted(names), n=3, cutoff=0.7)
        alike += sorted(name for name in names if name[:3] == exchange[:3].lower())
        near = ", ".join(list(dict.fromkeys(alike))[:5])
        hint = f"; did you mean {near}?" if near else ""
        raise BadConfig(f"{field}: ccxt knows no exchange {exchange!r}{hint}", field="exchange")
