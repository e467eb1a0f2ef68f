"""Minds: what stands behind the model port. An agent never knows which one answers it."""

from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import structlog

from agents.llm.provider import Provider
from agents.llm.recorded import RecordedMind
from agents.llm.rules import RulesMind
from agents.llm.scripted import ScriptedMind
from openoutcry.errors import BadConfig
from openoutcry.ports import Model
from openoutcry.settings import LlmSettings
from openoutcry.voting.seats import Voice
from wire.vendor_keys import speaks

if TYPE_CHECKING:
    from agents.llm.asking import Offer
    from agents.llm.purse import Purse
    from agents.llm.shelf import Shelf
    from agents.llm.taping import Tape

KNOWN = "rules, scripted:FILE, recorded:FILE, or models such as anthropic:MODEL > openai:MODEL > rules"
log = structlog.get_logger()


def build(
    name: str,
    *,
    home: Path,
    agent: str = "",
    voice: Voice = "analysis",
    settings: LlmSettings | None = None,
    deadline_s: float = 5.0,
    keys: Mapping[str, str] | None = None,
    offer: "Offer | None" = None,
    purse: "Purse | None" = None,
    tape: "Tape | None" = None,
    recall: int = 0,
    shelf: "Shelf | None" = None,
) -> Model:
    """The mind called ``name``; a relative FILE lies in ``home``. ``keys`` holds the variables of vendors' keys and addresses,
    ``offer`` what a model may ask for beyond the facts it is given, ``purse`` where the money for models comes from; without
    one none is counted. ``tape`` stands between the mind and its models.
    ``recall`` is how many alike situations a model is shown first, ``shelf`` where answers are kept to be given again; without
    one every question is asked.

    Raises BadConfig for an unknown mind, a model without a price and a key that cannot be one.
    """
    kind, _, file = name.partition(":")
    if kind == "rules" and not file:
        return RulesMind()
    if kind == "scripted" and file:
        return ScriptedMind.from_file(home / file)
    if kind == "recorded" and file:
        return RecordedMind.from_file(home / file)
    if speaks(name):
        return of_models(
            name,
            home,
            agent,
            voice,
            settings or LlmSettings(),
            deadline_s,
            keys or {},
            offer,
            purse,
            tape,
            recall,
            shelf,
        )
    raise BadConfig(f"mind: {name!r} is not one of {KNOWN}", field="mind")


@runtime_checkable
class Closing(Protocol):
    """A mind that holds connections."""

    async def close(self) -> None:
        """Close them; it is not asked again."""
        ...


async def close(mind: Model) -> None:
    """Close what a mind holds open: of rules and of files that is nothing."""
    if isinstance(mind, Closing):
        await mind.close()


def of_models(
    name: str,
    home: Path,
    agent: str,
    voice: Voice,
    settings: LlmSettings,
    deadline_s: float,
    keys: Mapping[str, str],
    offer: "Offer | None" = None,
    purse: "Purse | None" = None,
    tape: "Tape | None" = None,
    recall: int = 0,
    shelf: "Shelf | None" = None,
) -> Model:
    """A chain of models. Those without a key are left out, which is said once; with none left the rules vote."""
    from agents.llm.asking import nothing
    from agents.llm.caching import Caching
    from agents.llm.chain import key_of, opened, parse, priced
    from agents.llm.language import LanguageMind
    from wire.prices import load_prices

    chain, table = parse(name), load_prices(home)
    prices = {link.name: priced(link, table) for link in chain.links}

    def answering() -> list[Provider]:
        found = []
        for link in chain.links:
            key = key_of(link, keys)
            if key is None and link.vendor != "compatible":
                log.warning("mind_without_key", agent=agent, mind=link.name, variable=link.variable)
                continue
            found.append(opened(link, key, keys))
        return found

    usable = answering() if tape is None else tape.usable(answering)
    if not usable:
        log.warning("mind_is_rules", agent=agent, wanted=name)
        return RulesMind()
    return LanguageMind(
        usable,
        prices,
        voice,
        settings,
        deadline_s,
        chain.rules_last,
        Random(agent),
        offer or nothing,
        purse,
        tape,
        recall,
        None if shelf is None else Caching(shelf, purse, settings.cache, voice),
    )
