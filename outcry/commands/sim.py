"""``outcry sim``: the whole floor on a virtual clock, seed by seed, with everything going wrong."""

import re
from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer

from openoutcry.errors import BadInput

app = typer.Typer()
RANGE = re.compile(r"([0-9]{1,12})(?:\.\.([0-9]{1,12}))?", re.ASCII)
MOST_SHOWN = 10
ENOUGH = 10
"""Faults that every seed must have met."""


@app.command()
def sim(
    seeds: Annotated[str, typer.Option(help="one seed, or the first and the last: 1..600")] = "1..600",
    workers: Annotated[int, typer.Option(help="processes", min=1, max=64)] = 2,
    plant: Annotated[
        str | None, typer.Option(help="plant this fault in the product first (--plants)")
    ] = None,
    plants: Annotated[bool, typer.Option("--plants", help="list the faults that can be planted")] = False,
    log: Annotated[Path | None, typer.Option(help="of one seed: write its event log here")] = None,
) -> None:
    """Run the floor in one process on a virtual clock, once a seed, and hold it against the invariants.

    Exit code 1 when one broke, or a planted fault was not caught. docs/simulator.md says what is real and what is not.
    """
    first, last = _range(seeds)
    if plants:
        _list_plants()
    elif log is not None:
        _one(first, last, log, plant)
    elif plant is not None:
        _caught(first, last, workers, plant)
    else:
        _all(first, last, workers)


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

    for tried, outcome in enumerate(outcomes(first, last, workers, plant), start=1):
        if outcome.violation is not None:
            typer.echo(f"{plant}: caught by seed {outcome.seed}, the {tried}. tried: {outcome.violation}")
            return
    typer.echo(f"{plant}: NOT caught by seeds {first}..{last}")
    raise typer.Exit(1)


def _all(first: int, last: int, workers: int) -> None:
    from simulator.many import Summary, commit, outcomes

    began, total = perf_counter(), Summary()
    for outcome in outcomes(first, last, workers):
        total.add(outcome)
        if outcome.violation is not None and len(total.broken) <= MOST_SHOWN:
            typer.echo(f"seed {outcome.seed}: {outcome.violation}")
            typer.echo(f"    again, with its log: outcry sim --seeds {outcome.seed} --log sim.log")
    took = perf_counter() - began
    fewest = total.fewest_faults or 0
    broken, faults = len(total.broken), sum(total.kinds.values())
    typer.echo(
        f"{total.seeds} seeds {first}..{last}: {total.seeds - broken} held every invariant, {broken} broke one"
    )
    typer.echo(f"{len(total.kinds)} kinds of fault, {faults} faults, at least {fewest} a seed")
    typer.echo(f"{total.rounds} rounds, {total.orders} orders, {total.trades} trades, {total.events} events")
    typer.echo(f"sha256 of results {total.sha}")
    typer.echo(f"commit {commit()}; {took:.1f} s on {workers} processes")
    if total.broken:
        raise typer.Exit(1)
    typer.echo(f"0 violations in {total.seeds} runs: p < 3/{total.seeds} = {3 / total.seeds:.2%} (95 %)")
    if fewest < ENOUGH:
        typer.echo(f"but some seed met fewer than {ENOUGH} faults")
        raise typer.Exit(1)
