"""Figures for a person: one a line, with what is nested indented below its name."""

from typing import Any

WIDTH = 28


def lines(found: Any, indent: int = 0) -> list[str]:
    """The lines of a mapping or a list."""
    pad, out = "  " * indent, []
    items = found.items() if isinstance(found, dict) else enumerate(found, 1)
    for name, value in items:
        if isinstance(value, dict | list) and value:
            out += [f"{pad}{name}", *lines(value, indent + 1)]
        else:
            out.append(f"{pad}{name!s:<{max(1, WIDTH - len(pad))}} {_told(value)}")
    return out


def _told(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.8g}"
    return "-" if value is None or value in ([], {}) else str(value)
