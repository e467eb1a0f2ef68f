"""Versions of strategies: ``1.2.3`` or ``v1.2.3``, stored without the ``v``."""

import re

from openoutcry.errors import BadInput

FORM = re.compile(r"v?(\d{1,9})\.(\d{1,9})\.(\d{1,9})", re.ASCII)
Number = tuple[int, int, int]
FIRST = "1.0.0"


def parse_version(text: object, *, field: str = "version") -> str:
    """The canonical spelling: ``v01.2.0`` is ``1.2.0``. Raises BadInput."""
    return spelled(number_of(text, field=field))


def number_of(text: object, *, field: str = "version") -> Number:
    """The three numbers of a version, which sort as versions do. Raises BadInput."""
    found = FORM.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise BadInput(f"{field}: {str(text)[:40]!r} must be three numbers such as 1.0.0", field=field)
    major, minor, patch = (int(part) for part in found.groups())
    return major, minor, patch


def spelled(number: Number) -> str:
    """Three numbers as a version."""
    return ".".join(str(part) for part in number)


def next_patch(text: str) -> str:
    """The version after ``text`` whose third number is one higher."""
    major, minor, patch = number_of(text)
    return spelled((major, minor, patch + 1))
