"""Where a strategy stands: its status, the stage of each of its versions, and how one moves the other.

| stage of the version in force | status |
|---|---|
| dev | draft, inactive |
| staging | paper |
| prod | live |

Moving one moves the other by this table, except that production is entered by promotion only and left only when
another version is promoted. A strategy in paper or live status has a seat on the floor.
"""

from collections.abc import Iterable, Mapping
from typing import Literal, Protocol, TypeVar

from openoutcry.errors import BadInput

Stage = Literal["dev", "staging", "prod"]
Status = Literal["draft", "inactive", "paper", "live", "archived"]
STAGES: tuple[Stage, ...] = ("dev", "staging", "prod")
STATUSES: tuple[Status, ...] = ("draft", "inactive", "paper", "live", "archived")
SEATED: frozenset[Status] = frozenset({"paper", "live"})
"""Statuses with a seat on the floor."""
STATUS_OF: Mapping[Stage, Status] = {"dev": "inactive", "staging": "paper", "prod": "live"}


class Staged(Protocol):
    """A version as far as this module is concerned; ``number`` sorts versions."""

    @property
    def stage(self) -> Stage:
        """Where it stands."""
        ...

    @property
    def number(self) -> tuple[int, int, int]:
        """Its three numbers."""
        ...


V = TypeVar("V", bound=Staged)


def read_status(text: str, *, field: str = "status") -> Status:
    """A status by its name, in any case. Raises BadInput."""
    for status in STATUSES:
        if text.strip().lower() == status:
            return status
    raise BadInput(f"{field}: {text[:60]!r} must be one of {', '.join(STATUSES)}", field=field)


def in_force(versions: Iterable[V], status: Status) -> V | None:
    """The version a strategy of this status is about; None when it has none.

    Live: the one in production. Paper: the newest in staging, else the one in production. Otherwise the newest.
    """
    found = sorted(versions, key=lambda version: version.number)
    by_stage = {version.stage: version for version in found}
    if status == "live":
        return by_stage.get("prod")
    if status == "paper":
        return by_stage.get("staging") or by_stage.get("prod")
    return found[-1] if found else None
