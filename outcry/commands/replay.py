"""``outcry replay``: a round again, from its record."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from outcry.options import HomeOption, JsonOption
from wire.config import home_folder

if TYPE_CHECKING:
    from openoutcry.minds.contamination import Reading

app = typer.Typer()


@app.command()
def replay(
    decision: Annotated[
        str,
        typer.Argument(
            help="last, a round's number in the latest session, a decision's id, or the file of a recorded run"
        ),
    ] = "last",
    verify: Annotated[
        bool, typer.Option("--verify", help="exit 1 when the recomputed record differs")
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Recompute a round from its record: agents think again over the answers they had, and the rest follows."""
    if Path(decision).is_file():
        _whole_run(Path(decision), verify, as_json)
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


def _perhaps_read(read: "Sequence[Reading]", as_json: bool) -> None:
    """What models may have read, below everything else."""
    for one in () if as_json else read:
        typer.echo(one.told)


def _whole_run(file: Path, verify: bool, as_json: bool) -> None:
    """A recorded run again, with no network."""
    from outcry.agentsview import told
    from outcry.rerun import rerun
    from wire import logs
    from wire.offline import stay_offline

    logs.configure("replay")
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
