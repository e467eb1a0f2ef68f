"""``outcry up``: one command opens the floor."""

import os
import subprocess
import sys
from pathlib import Path

import typer

from outcry import up_options as option
from outcry.options import HomeOption, JsonOption

app = typer.Typer()
COMPAT = "tradai:8000,alphapulse:18001,mangrove:5001"
"""Where the documents of these products say they listen."""


@app.command()
def up(
    home: HomeOption = None,
    port: option.Port = 8080,
    market: option.Market = "auto",
    exchange: option.Exchange = "binance",
    symbols: option.Symbols = None,
    timeframe: option.Timeframe = None,
    start: option.Start = None,
    end: option.End = None,
    speed: option.Speed = None,
    record: option.Record = None,
    rounds: option.Rounds = None,
    seed: option.Seed = 7,
    workers: option.Workers = 1,
    live: option.Live = False,
    confirm: option.Confirm = None,
    exchange_url: option.ExchangeUrl = None,
    compat: option.Compat = False,
    compat_ports: option.CompatPorts = None,
    agents: option.Agents = None,
    servers: option.Servers = None,
    stay: option.Stay = False,
    detach: option.Detach = False,
    as_json: JsonOption = False,
) -> None:
    """Open the floor: database, MCP servers, agents, orchestrator and API; trade until Ctrl-C or the end of the data."""
    if detach:
        raise typer.Exit(_detached())
    from outcry.opening.floor import open_floor  # the floor's imports are for the one process that opens it
    from outcry.opening.wanted import Wanted

    raise typer.Exit(
        open_floor(
            Wanted(
                home=home, port=port, market=market, exchange=exchange, symbols=symbols, timeframe=timeframe, start=start,
                end=end, compat=compat_ports or (COMPAT if compat else None), speed=speed, rounds=rounds, seed=seed,
                workers=workers, stay=stay, as_json=as_json, record=record, agents=agents, servers=servers,
                live=live, confirm=confirm, exchange_url=exchange_url,
            )
        )
    )  # fmt: skip


def _detached() -> int:
    from outcry.detaching import wait_until_ready

    words = [word for word in sys.argv[1:] if word != "--detach"]
    log = Path(os.environ.get("TMPDIR", "/tmp")) / f"outcry-up-{os.getpid()}.log"
    with log.open("w") as out:
        child = subprocess.Popen(
            [sys.executable, "-m", "outcry", *words],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    return wait_until_ready(child, log, words)
