"""Minds: what stands behind the model port. An agent never knows which one answers it."""

from pathlib import Path

from agents.llm.recorded import RecordedMind
from agents.llm.rules import RulesMind
from agents.llm.scripted import ScriptedMind
from openoutcry.errors import BadConfig
from openoutcry.ports import Model

KNOWN = "rules, scripted:FILE or recorded:FILE"


def build(name: str, *, home: Path) -> Model:
    """The mind called ``name``; a relative FILE lies in ``home``. Raises BadConfig for an unknown one."""
    kind, _, file = name.partition(":")
    if kind == "rules" and not file:
        return RulesMind()
    if kind == "scripted" and file:
        return ScriptedMind.from_file(home / file)
    if kind == "recorded" and file:
        return RecordedMind.from_file(home / file)
    raise BadConfig(f"mind: {name!r} is not one of {KNOWN}", field="mind")
