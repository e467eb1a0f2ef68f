"""``outcry worker``: take jobs from the queue, on any machine that sees the database."""

from typing import Annotated

import typer

from outcry.options import HomeOption

app = typer.Typer()


@app.command()
def worker(
    concurrency: Annotated[int, typer.Option(help="jobs at a time, a process each", min=1, max=64)] = 1,
    queues: Annotated[
        str | None,
        typer.Option(help="comma-separated kinds of job to take, e.g. backtest,sweep [default: all]"),
    ] = None,
    grace: Annotated[
        float,
        typer.Option(help="seconds a job in hand gets to finish when told to stop", min=0.0, max=7200.0),
    ] = 10.0,
    stalled_after: Annotated[
        float,
        typer.Option(
            help="seconds without a sign of life after which a job is taken from its worker",
            min=2.0,
            max=3600.0,
        ),
    ] = 20.0,
    home: HomeOption = None,
) -> None:
    """Compute backtests and other jobs until Ctrl-C or SIGTERM; jobs in hand are then finished or handed to another worker.

    Workers find each other through the database (OUTCRY_DATABASE_URL, or the home's own) and read candles from their home.
    """
    import asyncio

    import uvloop

    from openoutcry.errors import BadInput
    from outcry.database import database_address, open_current
    from wire import logs
    from wire.config import home_folder
    from wire.stopping import stop_event
    from workers.serve import Terms, serve

    names = None if queues is None else [name.strip() for name in queues.split(",") if name.strip()]
    if names == []:
        raise BadInput("--queues: names no queue", field="queues")
    folder = home_folder(str(home) if home else None)

    async def run() -> None:
        logs.configure("worker")
        stop = stop_event()
        async with database_address(folder, make=True) as url:
            await (await open_current(url)).close()
            await serve(Terms(folder, url, concurrency, names, grace, stalled_after), stop)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())
