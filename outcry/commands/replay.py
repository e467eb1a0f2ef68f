"""``outcry replay``: a round again, from its record; or all of a session; or a recorded run."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer

from outcry.options import HomeOption, JsonOption
from wire.config import home_folder

if TYPE_CHECKING:
    from openoutcry.minds.contamination import Reading

app = typer.Typer()
SHOWN = 20
"""Rounds that differ, of those that are printed."""


@app.command()
def replay(
    decision: Annotated[
        str,
        typer.Argument(
            help="last, all or a round's number of the latest session, a decision's id, or the file of a recorded run"
        ),
    ] = "last",
    verify: Annotated[
        bool, typer.Option("--verify", help="exit 1 when the recomputed record differs")
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Recompute a round from its record: agents think again over the answers they had, and the rest follows."""
    from wire import logs

    logs.configure(
        "replay", level="ERROR"
    )  # what a round said then is no news now, and stdout is the answer's
    if Path(decision).is_file():
        _whole_run(Path(decision), verify, as_json)
        return
    if decision == "all":
        _whole_session(home_folder(str(home) if home else None), verify, as_json)
        return
    from db.reads.minds import said_in_session
    from openoutcry.minds.contamination import readings
    from orchestrator.again import replay_stored  # the floor's code is for the run, not for --help
    from orchestrator.recordings import locate
    from orchestrator.replay import Replay
    from outcry.agentsview import told
    from outcry.database import floor_database
    from wire.prices import cutoffs_of

    async def run() -> tuple[Replay, str, "tuple[Reading, ...]"]:
        folder = home_folder(str(home) if home else None)
        async with floor_database(folder) as pool:
            session_id, seq = await locate(pool, decision)
            done = await replay_stored(pool, folder, session_id, seq)
            read = readings(await said_in_session(pool, session_id, seq), cutoffs_of(folder))
            return done, f"round {seq} of session {session_id}", read

    done, name, read = asyncio.run(run())
    if as_json:
        typer.echo(json.dumps({**done.model_dump(mode="json"), "readings": [told(one) for one in read]}))
    elif done.identical:
        typer.echo(f"identical: {name} recomputed in {done.took_ms:.0f} ms, digest {done.digest}")
    else:
        typer.echo(f"DIFFERENT: {name}: {done.differences[0] if done.differences else 'digest'}")
        for line in done.differences[1:]:
            typer.echo(f"  {line}")
    _perhaps_read(read, as_json)
    if verify and not done.identical:
        raise typer.Exit(1)


def _whole_session(folder: Path, verify: bool, as_json: bool) -> None:
    """G21: every round of the latest session again."""
    from orchestrator.again import replay_stored
    from orchestrator.recordings import latest_session, rounds_of
    from orchestrator.replay import Replay
    from outcry.database import floor_database

    async def run() -> tuple[str, int, list[Replay]]:
        async with floor_database(folder) as pool:
            session_id, different = await latest_session(pool), list[Replay]()
            rounds = await rounds_of(pool, session_id)
            for seq in rounds:
                done = await replay_stored(pool, folder, session_id, seq)
                different += [] if done.identical else [done]
            return str(session_id), len(rounds), different

    started = perf_counter()
    session_id, many, different = asyncio.run(run())
    took = perf_counter() - started
    if as_json:
        told = {
            "session_id": session_id,
            "rounds": many,
            "identical": many - len(different),
            "took_s": round(took, 1),
        }
        typer.echo(json.dumps({**told, "different": [one.model_dump(mode="json") for one in different]}))
    else:
        typer.echo(
            f"identical: {many - len(different):,} of {many:,} rounds of session {session_id}, in {took:.0f} s"
        )
        for one in different[:SHOWN]:
            typer.echo(f"DIFFERENT: round {one.seq}: {one.differences[0] if one.differences else 'digest'}")
    if verify and (different or not many):
        raise typer.Exit(1)


def _perhaps_read(read: "Sequence[Reading]", as_json: bool) -> None:
    """What models may have read, below everything else."""
    for one in () if as_json else read:
        typer.echo(one.told)


def _whole_run(file: Path, verify: bool, as_json: bool) -> None:
    """A recorded run again, with no network."""
    from outcry.agentsview import told
    from outcry.rerun import rerun
    from wire.offline import stay_offline

    stay_offline()
    done, read = asyncio.run(rerun(file))
    if as_json:
        typer.echo(json.dumps({**done.model_dump(mode="json"), "readings": [told(one) for one in read]}))
    elif done.identical:
        for symbol, head in sorted(done.recomputed.items()):
            typer.echo(f"identical: {symbol} run again without a network, head {head}")
    else:
        typer.echo(f"DIFFERENT: {done.differences[0]}")
    _perhaps_read(read, as_json)
    if verify and not done.identical:
        raise typer.Exit(1)
