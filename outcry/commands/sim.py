"""``outcry sim``: the whole floor on a virtual clock, seed by seed, with everything going wrong."""

import re
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer

from openoutcry.errors import BadInput

if TYPE_CHECKING:
    from simulator.many import Summary
    from simulator.outcome import Outcome

app = typer.Typer()
RANGE = re.compile(r"([0-9]{1,12})(?:\.\.([0-9]{1,12}))?", re.ASCII)
MOST_SHOWN = 10
MANY = 20
"""So many seeds trade, or something is wrong with the world."""
ENOUGH = 10
"""Kinds of fault that every seed must have met."""


@app.command()
def sim(
    seeds: Annotated[str, typer.Option(help="one seed, or the first and the last: 1..600")] = "1..600",
    workers: Annotated[int, typer.Option(help="processes", min=1, max=64)] = 2,
    plant: Annotated[
        str | None, typer.Option(help="plant this fault in the product first (--plants)")
    ] = None,
    plants: Annotated[bool, typer.Option("--plants", help="list the faults that can be planted")] = False,
    log: Annotated[Path | None, typer.Option(help="of one seed: write its event log here")] = None,
    seconds: Annotated[
        float | None, typer.Option(help="begin no further seed after this long", min=1, max=86_400)
    ] = None,
    resume: Annotated[Path | None, typer.Option(help="keep outcomes here and go on from them")] = None,
    twice: Annotated[
        bool,
        typer.Option("--twice", help="each seed in two processes of different hash seeds: the same log?"),
    ] = False,
) -> None:
    """Run the floor in one process on a virtual clock, once a seed, and hold it against the invariants.

    Exit code 1 when one broke, a planted fault was not caught, or a seed had two logs (--twice). docs/simulator.md says what is
    real and what is not.
    """
    first, last = _range(seeds)
    if twice and (resume or log or plant):
        raise BadInput("twice: goes with --seeds and --seconds alone", field="twice")
    if twice:
        _twice(first, last, seconds)
    elif plants:
        _list_plants()
    elif log is not None:
        _one(first, last, log, plant)
    elif plant is not None:
        _caught(first, last, workers, plant)
    else:
        _all(first, last, workers, seconds, resume)


def _range(text: str) -> tuple[int, int]:
    match = RANGE.fullmatch(text)
    if match is None:
        raise BadInput(f"seeds: {text!r} is neither a seed nor FIRST..LAST", field="seeds")
    first, last = int(match[1]), int(match[2] or match[1])
    if last < first:
        raise BadInput(f"seeds: {text} ends before it begins", field="seeds")
    return first, last


def _list_plants() -> None:
    from simulator.plants import PLANTS

    for name, plant in PLANTS.items():
        typer.echo(f"{name:22} {plant.says}")


def _one(first: int, last: int, log: Path, plant: str | None) -> None:
    from simulator.run import simulate

    if first != last:
        raise BadInput("log: is of one seed", field="log")
    outcome = simulate(first, keep=True, plant=plant)
    log.write_text("\n".join(outcome.lines) + "\n", encoding="utf-8")
    typer.echo(
        f"seed {first}: {outcome.violation or 'every invariant held'}; {outcome.events} events, {outcome.digest}"
    )
    if outcome.violation is not None:
        raise typer.Exit(1)


def _caught(first: int, last: int, workers: int, plant: str) -> None:
    from simulator.many import outcomes

    for tried, outcome in enumerate(outcomes(range(first, last + 1), workers, plant), start=1):
        if outcome.violation is not None:
            typer.echo(f"{plant}: caught by seed {outcome.seed}, the {tried}. tried: {outcome.violation}")
            return
    typer.echo(f"{plant}: NOT caught by seeds {first}..{last}")
    raise typer.Exit(1)


def _all(first: int, last: int, workers: int, seconds: float | None, resume: Path | None) -> None:
    from simulator.kept import Kept
    from simulator.many import Summary, commit, outcomes

    began, total = perf_counter(), Summary()
    kept = None if resume is None else Kept(resume, commit())
    seeds = range(first, last + 1) if kept is None else kept.missing(first, last)
    for outcome in outcomes(seeds, workers, seconds=seconds):
        _tell(outcome)
        if kept is None:
            total.add(outcome)
        else:
            kept.add(outcome)
    for outcome in () if kept is None else kept.among(first, last):
        total.add(outcome)
    typer.echo(f"{perf_counter() - began:.1f} s on {workers} processes, commit {commit()}")
    if not _summed(total, first, last):
        raise typer.Exit(1)


def _twice(first: int, last: int, seconds: float | None) -> None:
    from simulator.many import Summary, commit
    from simulator.twice import HASH_SEEDS, pairs

    began, total, differing = perf_counter(), Summary(), 0
    for one, other in pairs(range(first, last + 1), seconds):
        total.add(one)
        if one != other:
            differing += 1
            typer.echo(f"seed {one.seed}: {one.digest} in one process, {other.digest} in the other")
    typer.echo(f"{perf_counter() - began:.1f} s, hash seeds {' and '.join(HASH_SEEDS)}, commit {commit()}")
    typer.echo(
        f"{total.seeds} of the seeds {first}..{last} in two processes: {total.seeds - differing} had the same log of "
        f"{total.events} events in all, {differing} did not"
    )
    typer.echo(f"sha256 of results {total.sha}")
    if differing or not total.seeds:
        raise typer.Exit(1)
    typer.echo(f"0 that differ in {total.seeds}: p < 3/{total.seeds} = {3 / total.seeds:.2%} (95 %)")


def _tell(outcome: "Outcome") -> None:
    if outcome.violation is not None:
        typer.echo(f"seed {outcome.seed}: {outcome.violation}")
        typer.echo(f"    again, with its log: outcry sim --seeds {outcome.seed} --log sim.log")


def _summed(total: "Summary", first: int, last: int) -> bool:
    """Print what may be said of all; whether nothing is wrong."""
    if not total.seeds:
        typer.echo(f"not one of the seeds {first}..{last} was run in time")
        return False
    broken, faults = len(total.broken), sum(total.kinds.values())
    fewest, poorest = total.fewest or (0, first)
    typer.echo(
        f"{total.seeds} of the seeds {first}..{last}: {total.seeds - broken} held every invariant, {broken} broke one"
    )
    if broken:
        typer.echo(f"broken: {', '.join(str(outcome.seed) for outcome in total.broken[:MOST_SHOWN])}")
    typer.echo(f"{faults} faults of {len(total.kinds)} kinds, at least {fewest} kinds a seed")
    typer.echo(f"{total.rounds} rounds, {total.orders} orders, {total.trades} trades, {total.events} events")
    typer.echo(f"sha256 of results {total.sha}")
    if not broken:
        typer.echo(f"0 violations in {total.seeds} runs: p < 3/{total.seeds} = {3 / total.seeds:.2%} (95 %)")
    if fewest < ENOUGH:
        typer.echo(f"but seed {poorest} met faults of fewer than {ENOUGH} kinds")
    idle = total.seeds >= MANY and not total.trades
    if idle:
        typer.echo("but nothing was traded: nothing was shown about orders")
    return not broken and fewest >= ENOUGH and not idle
