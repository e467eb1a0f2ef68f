"""Language models and embedders that the settings name: their keys, names, addresses and prices."""

from collections.abc import Mapping
from pathlib import Path

from agents.llm.checking import Finding, findings
from openoutcry.errors import OpenOutcryError
from openoutcry.spaces import parse_embedder
from outcry.checks.check import Check
from outcry.embedding import embedder_finding
from wire.config import REFLECTOR, load_settings


async def minds(home: Path, keys: Mapping[str, str]) -> list[Check]:
    """Models that agents are told to use; nothing is said where none is used."""
    try:
        told = load_settings(home)
        seats = {name: seat.mind for name, seat in told.agents.items() if seat.enabled}
        found = await findings({**seats, REFLECTOR: told.memory.reflector}, keys, home)
    except OpenOutcryError as error:
        return [_wrong("minds", error, "correct the agents' minds in the settings")]
    return [
        _checked("minds", one, "until then the next model of the chain, or the rules, vote") for one in found
    ]


async def embedder(home: Path, keys: Mapping[str, str]) -> list[Check]:
    """The embedder of prompts, if it is a model."""
    try:
        memory = load_settings(home).memory
        if parse_embedder(memory.embedder).offline:
            return []
        found = await embedder_finding(memory, keys, home)
    except OpenOutcryError as error:
        return [_wrong("embedder", error, "correct memory.embedder in the settings")]
    advice = "until then decisions are found by the space that answers now: see `outcry memory spaces`"
    return [_checked("embedder", found, advice)]


def _wrong(name: str, error: OpenOutcryError, advice: str) -> Check:
    return Check(name=name, state="fail", said=str(error), advice=advice)


def _checked(name: str, found: Finding, advice: str) -> Check:
    if found.usable:
        return Check(name=name, state="ok", said=found.told)
    return Check(name=name, state="fail", said=found.told, advice=advice)
