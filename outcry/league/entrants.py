"""Who enters the league, and who cannot: everybody is listed, those that do not run with the reason."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Literal

from agents.llm.chain import Link, key_of, link, parse, priced
from agents.llm.checking import found
from agents.registry import discover
from openoutcry.errors import BadConfig, BadInput
from openoutcry.league.baselines import BASELINES, ORACLE
from openoutcry.minds.prices import Price, PriceTable
from openoutcry.settings import Settings
from wire.prices import load_prices
from wire.vendor_keys import speaks

Kind = Literal["baseline", "rules", "committee", "model", "reference"]
COMMITTEE = "committee"
PERSONAS = "personas/"
SEAT = "technical"
"""Whose facts a model is given when nobody says otherwise."""
VENDOR_OF: Mapping[str, str] = {"claude-": "anthropic", "gpt-": "openai"}
"""How the price table's models are asked, by how their names begin."""


@dataclass(frozen=True, slots=True)
class Entrant:
    """``reason`` says why it does not run; empty when it does. ``mind`` is a model's full name, its address included."""

    name: str
    kind: Kind
    description: str
    seat: str | None = None
    mind: str | None = None
    knows_until: date | None = None
    reason: str = ""

    def out(self, reason: str) -> "Entrant":
        """The same, not run."""
        return replace(self, reason=reason)


def plain_entrants(models: Sequence[Entrant]) -> list[Entrant]:
    """Everybody who needs no model: baselines, each analyst by its rules, the committee, and the oracle.

    A persona votes by the rules of another: it enters only where one of the models sits on its seat.
    """
    seats = {one.seat for one in models}
    voices = [
        one
        for one in discover().agents.values()
        if one.voice == "analysis" and (one.name in seats or not one.source.startswith(PERSONAS))
    ]
    return [
        *(Entrant(name, "baseline", one.description) for name, one in BASELINES.items()),
        *(Entrant(one.name, "rules", one.description, seat=one.name) for one in voices),
        Entrant(COMMITTEE, "committee", "all seats of the settings by their rules, counted as a floor counts them"),
        Entrant(ORACLE, "reference", "knows each next bar's true drift; in made-up worlds alone"),
    ]  # fmt: skip


def model_entrants(named: Sequence[str], settings: Settings, home: Path) -> list[Entrant]:
    """The models named (``SEAT=MIND``), else those of the seats' settings, else every one of the price table. Raises BadInput."""
    table = load_prices(home)
    if named:
        asked = [_named(words) for words in named]
    else:
        asked = [(seat, one.mind) for seat, one in settings.agents.items() if speaks(one.mind)]
    if not named and not asked:
        asked = [
            (SEAT, f"{VENDOR_OF[start]}:{model}")
            for model in table.models
            for start in VENDOR_OF
            if model.startswith(start)
        ]
    entered: dict[str, Entrant] = {}
    for seat, mind in asked:
        for part in parse(mind).links:
            one = model_entrant(seat, part, table)
            entered[one.name] = one
    return list(entered.values())


def _named(words: str) -> tuple[str, str]:
    seat, equals, mind = words.partition("=")
    agent = discover().agents.get(seat)
    if not equals or agent is None or agent.voice != "analysis":
        example = "technical=openai:gpt-5"
        raise BadInput(
            f"--mind: {words!r} is not SEAT=MIND with an analyst's name, such as {example}", field="mind"
        )
    if not speaks(mind):
        raise BadInput(f"--mind: {mind!r} is no vendor's model", field="mind")
    return seat, mind


def model_entrant(seat: str, asked: Link, table: PriceTable) -> Entrant:
    """One model on one seat, alone: no other model and no rules stand in for it."""
    known = table.models.get(asked.model, Price()).knows_until
    where = f"@{asked.base_url}" if asked.base_url else ""
    return Entrant(
        name=f"{seat}@{asked.name}",
        kind="model",
        description=f"reads what {seat} reads",
        seat=seat,
        mind=f"{asked.name}{where}",
        knows_until=known,
    )


async def admitted(
    models: Sequence[Entrant], keys: Mapping[str, str], home: Path, spend: Decimal
) -> list[Entrant]:
    """The models, those that cannot be asked with the reason: no price, no money granted, no key, a server that refuses."""
    table = load_prices(home)

    async def one(entrant: Entrant) -> Entrant:
        assert entrant.mind is not None  # model_entrant has given it
        asked = link(entrant.mind, entrant.mind)
        try:
            price, key = priced(asked, table), key_of(asked, keys)
            if key is None and asked.vendor != "compatible":
                return entrant.out(f"{asked.variable} is not set")
            if spend <= 0 and price != Price(knows_until=price.knows_until):
                return entrant.out("its answers cost money and none is granted: --spend USD")
            finding = await found(asked, keys)
        except BadConfig as error:
            return entrant.out(str(error))
        return entrant if finding.usable else entrant.out(finding.said)

    return list(await asyncio.gather(*(one(entrant) for entrant in models)))
