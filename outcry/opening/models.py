"""What the start says of language models and embedders: which cannot be used, and the variable or setting to look at."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from openoutcry.settings import Settings
from openoutcry.spaces import parse_embedder
from outcry.screen import Screen
from wire.config import REFLECTOR
from wire.vendor_keys import speaks


def tell_of_models(settings: Settings, keys: Mapping[str, str], home: Path, screen: Screen) -> None:
    """Ask each model that the settings name, once, before a round depends on it. The floor opens without those that fail.

    Raises BadConfig for a name that is none, a model without a price, and what can be no key and no address.
    """
    _of_minds(settings, keys, home, screen)
    _of_embedder(settings, keys, home, screen)
    _of_reflector(settings, keys, home, screen)


def _of_minds(settings: Settings, keys: Mapping[str, str], home: Path, screen: Screen) -> None:
    """Say once that rules vote where no model can, and which models cannot be used."""
    wanted = {name: seat.mind for name, seat in settings.agents.items() if seat.enabled and speaks(seat.mind)}
    if not wanted:
        screen.step("no language model is configured: every agent votes by its rules")
        return
    from agents.llm.checking import findings

    found = asyncio.run(findings(wanted, keys, home))
    if not any(one.asked for one in found):
        unset = ", ".join(sorted({one.said.partition(" ")[0] for one in found}))
        screen.warn(f"no key for any language model ({unset} not set): every agent votes by its rules")
        return
    for one in found:
        if not one.usable:
            screen.warn(f"{one.told}. What follows it in its chain answers instead.")


def _of_embedder(settings: Settings, keys: Mapping[str, str], home: Path, screen: Screen) -> None:
    if parse_embedder(settings.memory.embedder).offline:
        return
    from outcry.embedding import embedder_finding

    found = asyncio.run(embedder_finding(settings.memory, keys, home))
    if not found.usable:
        screen.warn(f"{found.told}. Decisions are found by the space that answers now until it can be asked.")


def _of_reflector(settings: Settings, keys: Mapping[str, str], home: Path, screen: Screen) -> None:
    if not speaks(settings.memory.reflector):
        return
    from agents.llm.checking import findings

    for one in asyncio.run(findings({REFLECTOR: settings.memory.reflector}, keys, home)):
        if not one.usable:
            screen.warn(f"{one.told}. The rules reflect meanwhile.")
