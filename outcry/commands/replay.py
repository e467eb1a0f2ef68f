"""``outcry replay``: a round again, from its record."""

import asyncio
from typing import Annotated

import typer

from outcry.options import HomeOption, JsonOption
from wire.config import home_folder

app = typer.Typer()


@app.command()
def replay(
    decision: Annotated[
        str, typer.Argument(help="last, a round's number in the latest session, or a decision's id")
    ] = "last",
    verify: Annotated[
        bool, typer.Option("--verify", help="exit 1 when the recomputed record differs")
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Recompute a round from its record: agents think again over the answers they had, and the rest follows."""
    from openoutcry.ledger.chain import link  # the floor's code is for the run, not for --help
    from orchestrator.bootstrap import recasting, seats
    from orchestrator.recordings import load, locate
    from orchestrator.replay import Replay
    from orchestrator.replay import replay as again
    from outcry.database import floor_database

    async def run() -> tuple[Replay, str]:
        folder = home_folder(str(home) if home else None)
        async with floor_database(folder) as pool:
            session_id, seq = await locate(pool, decision)
            recording = await load(pool, session_id, seq)
            stored = await pool.fetchval(
                "SELECT hash FROM cycles WHERE session_id = $1 AND seq = $2", session_id, seq
            )
            names = [ballot.agent for ballot in recording.record.ballots]
            recast = recasting(recording.strategies, folder)
            done = await again(recording, recast, seats(recording.settings, names))
            if link(recording.record).hash != stored:
                done = done.model_copy(
                    update={"identical": False, "differences": ("hash: the stored record was altered",)}
                )
            return done, f"round {seq} of session {session_id}"

    done, name = asyncio.run(run())
    if as_json:
        typer.echo(done.model_dump_json())
    elif done.identical:
        typer.echo(f"identical: {name} recomputed in {done.took_ms:.0f} ms, digest {done.digest}")
    else:
        typer.echo(f"DIFFERENT: {name}: {done.differences[0] if done.differences else 'digest'}")
        for line in done.differences[1:]:
            typer.echo(f"  {line}")
    if verify and not done.identical:
        raise typer.Exit(1)
