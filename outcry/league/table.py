"""The whole league: worlds, entrants, standings in each world and over all, and what may be concluded of it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from openoutcry.canonical import digest
from openoutcry.league.baselines import ORACLE
from openoutcry.league.control import Control, control
from openoutcry.league.played import Bars, Played, Terms, played
from openoutcry.league.standing import Draws, Standing, standings
from openoutcry.league.twins import Twin, twin
from outcry.league.entrants import Entrant
from outcry.league.playing import Calls
from outcry.league.worlds import World

EVERYWHERE = "all worlds"
DIGITS = 9


@dataclass(frozen=True, slots=True)
class League:
    """``asked`` is what the league was asked for; ``games`` every window by world and entrant; ``absent`` says who did not run in
    which world, and why.
    """

    asked: Mapping[str, Any]
    worlds: tuple[World, ...]
    entrants: tuple[Entrant, ...]
    games: Mapping[str, Mapping[str, tuple[Played, ...]]]
    absent: Mapping[str, Mapping[str, str]]
    standings: Mapping[str, tuple[Standing, ...]]
    twins: tuple[Twin, ...]
    controls: tuple[Control, ...]


def league(
    asked: Mapping[str, Any],
    worlds: Sequence[World],
    entrants: Sequence[Entrant],
    calls: Sequence[Calls],
    terms: Terms,
    draws: Draws,
) -> League:
    """From everybody's calls in each world. An entrant that said nothing at all in a world did not run there."""
    games: dict[str, dict[str, tuple[Played, ...]]] = {}
    absent: dict[str, dict[str, str]] = {}
    for world, said in zip(worlds, calls, strict=True):
        bars = [world.bars(window) for window in range(len(world.firsts))]
        silent = {name: reason for name, mine in said.items() if (reason := _silent(mine))}
        absent[world.name] = silent
        games[world.name] = {
            name: _games(name, bars, mine, terms) for name, mine in said.items() if name not in silent
        }
    tables = {world: standings(mine, draws, terms.capital) for world, mine in games.items()}
    everywhere = _everywhere(games)
    if len(worlds) > 1:
        tables = {EVERYWHERE: standings(everywhere, draws, terms.capital), **tables}
    return League(
        asked=asked,
        worlds=tuple(worlds),
        entrants=tuple(entrants),
        games=games,
        absent=absent,
        standings=tables,
        twins=tuple(_twins(entrants, games, draws)),
        controls=tuple(control(one.name, tables[one.name]) for one in worlds if one.truth == "nothing"),
    )


def _games(name: str, bars: Sequence[Bars], calls: Sequence[Any], terms: Terms) -> tuple[Played, ...]:
    return tuple(played(name, window, mine, terms) for window, mine in zip(bars, calls, strict=True))


def _silent(windows: Sequence[Sequence[Any]]) -> str:
    """Why an entrant never said a word; empty when it did."""
    every = [call for calls in windows for call in calls]
    if any(call.word is not None for call in every):
        return ""
    return f"abstained {len(every)} times of {len(every)}; first: {every[0].reason}"


def _everywhere(games: Mapping[str, Mapping[str, tuple[Played, ...]]]) -> dict[str, tuple[Played, ...]]:
    """Those that ran in every world; the oracle only where there is a truth everywhere."""
    first, *others = games.values()
    names = [name for name in first if all(name in other for other in others)]
    return {name: tuple(game for mine in games.values() for game in mine[name]) for name in names}


def _twins(
    entrants: Sequence[Entrant], games: Mapping[str, Mapping[str, tuple[Played, ...]]], draws: Draws
) -> list[Twin]:
    found = []
    for one in entrants:
        if one.kind != "model" or one.seat is None:
            continue
        both = [mine for mine in games.values() if one.name in mine and one.seat in mine]
        if both:
            model = [game for mine in both for game in mine[one.name]]
            rules = [game for mine in both for game in mine[one.seat]]
            found.append(twin(model, rules, draws))
    return found


def plain(done: League) -> dict[str, Any]:
    """As JSON; ``digest`` is of all the rest, so the same seed gives the same one."""
    body = {
        "asked": dict(done.asked),
        "worlds": [_world(done, one) for one in done.worlds],
        "entrants": [_entrant(done, one) for one in done.entrants],
        "standings": {
            scope: [rounded(asdict(row)) for row in rows] for scope, rows in done.standings.items()
        },
        "twins": [rounded(asdict(one)) for one in done.twins],
        "controls": [asdict(one) for one in done.controls],
    }
    return {**body, "digest": digest(body)}


def _world(done: League, world: World) -> dict[str, Any]:
    market = world.market
    windows = [world.bars(number) for number in range(len(world.firsts))]
    return {
        "world": world.name,
        "source": market.source,
        "symbol": market.symbol,
        "timeframe": market.timeframe,
        "truth": world.truth,
        "data": world.data_digest,
        "windows": [
            {"from": one.closed(0).isoformat(), "to": one.closed(len(one) - 1).isoformat(), "bars": len(one)}
            for one in windows
        ],
        "did_not_run": dict(done.absent[world.name]),
    }


def _entrant(done: League, one: Entrant) -> dict[str, Any]:
    where = [world for world, games in done.games.items() if one.name in games]
    reasons = {world: gone[one.name] for world, gone in done.absent.items() if one.name in gone}
    reason = one.reason or (next(iter(reasons.values()), "") if not where else "")
    if not where and not reason and one.name == ORACLE:
        reason = "no world here has a known truth"
    return {
        "entrant": one.name,
        "kind": one.kind,
        "description": one.description,
        "seat": one.seat,
        "mind": one.mind,
        "knows_until": None if one.knows_until is None else one.knows_until.isoformat(),
        "cut_off": None if one.kind != "model" else "known" if one.knows_until else "unknown",
        "status": "ran" if where else "not run",
        "reason": reason,
        "worlds": where,
    }


def rounded(value: Any) -> Any:
    """Every float to nine decimals, tuples as lists, intervals by their names."""
    if isinstance(value, float):
        return round(value, DIGITS)
    if isinstance(value, dict):
        return {key: rounded(one) for key, one in value.items()}
    return [rounded(one) for one in value] if isinstance(value, list | tuple) else value
