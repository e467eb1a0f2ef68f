"""A floor's own recorded run (``outcry up --record``) as a world of the league: its rounds are the decisions, its models enter
with what they said then, and everybody else is asked at the same moments over the same candles.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from agents.llm.chain import link
from openoutcry.errors import BadConfig, BadInput
from openoutcry.league.calls import Call
from openoutcry.market.synthetic import synthetic_exchange
from openoutcry.minds.contamination import Cutoffs, day_of, mark, model_of
from openoutcry.minds.prices import PriceTable
from openoutcry.types.market import Snapshot
from openoutcry.types.timeframes import bar_length, millis
from openoutcry.types.votes import Ballot
from outcry.committee.market import Market, stored
from outcry.league.entrants import Entrant, model_entrant
from outcry.league.playing import call_of
from outcry.league.worlds import Shape, World
from wire.cassette import Reel
from wire.config import RunSpec

BY = "orchestrator"
LEAST = 3
"""Rounds that make a window."""


@dataclass(frozen=True, slots=True)
class Vote:
    """What an agent of the run answered in one round; no ballot when it did not."""

    seat: str
    snapshot: Snapshot
    ballot: Ballot | None


def of_run(
    path: Path, reel: Reel, home: Path, timeframe: str, table: PriceTable
) -> tuple[list[Entrant], list[World]]:
    """The models of a run, and a world for each of its symbols. Raises BadInput and DataUnavailable."""
    try:
        run = RunSpec.model_validate(reel.header["run"])
        votes = _votes(reel)
    except (KeyError, TypeError, ValidationError):
        raise BadInput(f"--cassette: {path}: its header or votes cannot be read", field="cassette") from None
    if run.timeframe != timeframe:
        raise BadInput(
            f"--timeframe: {path.name} is of {run.timeframe} bars, not {timeframe}", field="timeframe"
        )
    entrants = _models(votes, table)
    worlds = [
        _world(
            path,
            run,
            symbol,
            [one for one in votes if one.snapshot.symbol == symbol],
            entrants,
            home,
            table.cutoffs,
        )
        for symbol in sorted({one.snapshot.symbol for one in votes})
    ]
    return list(entrants.values()), worlds


def _votes(reel: Reel) -> list[Vote]:
    found = []
    for entry in reel.answers("call", BY):
        seat, _, tool = entry["name"].removeprefix("agent-").partition(".")
        if not entry["name"].startswith("agent-") or tool != "vote" or "heard" in entry["asked"]:
            continue  # a rebuttal is not what the agent said by itself
        told = entry.get("result")
        ballot = None if told is None else Ballot.model_validate(told)
        found.append(Vote(seat, Snapshot.model_validate(entry["asked"]["snapshot"]), ballot))
    return found


def _models(votes: Sequence[Vote], table: PriceTable) -> dict[str, Entrant]:
    """Analysts' models, by the entrants' names."""
    found: dict[str, Entrant] = {}
    for one in votes:
        directional = one.ballot is not None and getattr(one.ballot.answer, "action", "") in (
            "BUY",
            "SELL",
            "HOLD",
        )
        if one.ballot is None or model_of(one.ballot.mind.model) is None or not directional:
            continue
        vendor, _, model = one.ballot.mind.model.partition(":")
        named = f"{vendor}:{model}" + ("@http://a.cassette" if vendor == "compatible" else "")
        try:
            entrant = model_entrant(one.seat, link(named, named), table)
        except BadConfig as error:
            raise BadInput(f"--cassette: {error}", field="cassette") from error
        found[entrant.name] = replace(
            entrant, mind=f"{vendor}:{model}", description=f"said then on the seat {one.seat}"
        )
    return found


def _world(
    path: Path,
    run: RunSpec,
    symbol: str,
    votes: Sequence[Vote],
    entrants: Mapping[str, Entrant],
    home: Path,
    cutoffs: Cutoffs,
) -> World:
    times = sorted({one.snapshot.as_of for one in votes})
    step = bar_length(run.timeframe)
    exchange = synthetic_exchange(run.seed) if run.market == "synthetic" else run.exchange
    market = stored(home, exchange, symbol, run.timeframe, times[0] - step, times[-1] + 300 * step)
    if run.market == "synthetic":
        market = replace(market, source="synthetic")
    first, last = (_bar(market, at, path) for at in (times[0], times[-1]))
    bars = min(last - first + 2, len(market.spot) - first)
    if len(times) < LEAST or bars < LEAST:
        raise BadInput(f"--cassette: {path}: fewer than {LEAST} rounds of {symbol}", field="cassette")
    given: dict[str, dict[int, Call]] = {name: {} for name in entrants}
    for one in votes:
        bar = _bar(market, one.snapshot.as_of, path) - first
        _same_price(path, one.snapshot, market, first + bar)
        for name, entrant in entrants.items():
            if entrant.seat == one.seat:
                given[name][bar] = _call(one, entrant, bar, cutoffs)
    heard = {name: calls for name, calls in given.items() if calls}
    return World(f"{path.name} {symbol}", market, Shape(1, bars, 1), (first,), given=heard)


def _call(one: Vote, entrant: Entrant, bar: int, cutoffs: Cutoffs) -> Call:
    """What this model said: nothing where the round has no ballot, or somebody else's."""
    if one.ballot is None:
        return Call(bar, None, reason="unreachable: it did not answer")
    marked = mark(entrant.mind or "", day_of(one.snapshot.as_of), one.snapshot.source, cutoffs)
    call = call_of(one.ballot, bar)
    if one.ballot.mind.model not in (entrant.mind, "none"):
        return Call(bar, None, usd=call.usd, mark=marked, reason=f"error: {one.ballot.mind.model} stood in")
    return replace(call, mark=marked)


def _bar(market: Market, at: Any, path: Path) -> int:
    opened = millis(at - bar_length(market.timeframe))
    place = int(market.spot.timestamp.searchsorted(opened))
    if place >= len(market.spot) or int(market.spot.timestamp[place]) != opened:
        raise BadInput(
            f"--cassette: {path}: the bar closed at {at.isoformat()} is not stored", field="cassette"
        )
    return place


def _same_price(path: Path, snapshot: Snapshot, market: Market, bar: int) -> None:
    """The candles must be those that the run saw. Raises BadInput."""
    if snapshot.quote is not None and float(snapshot.quote.price) != float(market.spot.close[bar]):
        raise BadInput(
            f"--cassette: {path}: the run saw {snapshot.symbol} at {snapshot.quote.price}, stored is {market.spot.close[bar]}",
            field="cassette",
        )
