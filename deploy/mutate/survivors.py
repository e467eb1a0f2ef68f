"""The list of changes that no test notices, each with the reason why that is right; and what is wrong with the list."""

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from deploy.mutate.areas import ROOT

LIST = ROOT / "deploy" / "mutate" / "survivors.toml"


class Survivor(BaseModel):
    """One change, named as ``Mutant`` names it, and why no test can or should notice it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: str
    within: str
    at: str
    change: str
    nth: int = Field(default=1, ge=1)
    reason: str = Field(min_length=10)

    @property
    def name(self) -> str:
        """The name of the mutant."""
        return "|".join((self.file, self.within, self.at, self.change, str(self.nth)))


class _List(BaseModel):
    model_config = ConfigDict(extra="forbid")

    survivor: list[Survivor] = []


@dataclass(frozen=True, slots=True)
class Faults:
    """Names of changes: survivors without a reason; listed ones that are killed; listed ones that do not exist."""

    unlisted: tuple[str, ...]
    killed: tuple[str, ...]
    unknown: tuple[str, ...]


def read(path: Path = LIST) -> dict[str, Survivor]:
    """Name → survivor. Raises ValueError for a list that says something twice or is not in form."""
    listed = _List.model_validate(tomllib.loads(path.read_text())).survivor
    by_name = {one.name: one for one in listed}
    if len(by_name) != len(listed):
        names = [one.name for one in listed]
        raise ValueError(
            f"{path.name} lists twice: {sorted({name for name in names if names.count(name) > 1})}"
        )
    return by_name


def compare(listed: Collection[str], verdicts: Mapping[str, str], existing: Collection[str]) -> Faults:
    """What the list leaves out, and what stands in it in vain."""
    return Faults(
        tuple(
            sorted(name for name, verdict in verdicts.items() if verdict == "survived" and name not in listed)
        ),
        tuple(sorted(name for name in listed if verdicts.get(name) in ("killed", "timeout"))),
        tuple(sorted(name for name in listed if name not in existing)),
    )
