"""``outcry up``: one command opens the floor."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from outcry.options import HomeOption, JsonOption

app = typer.Typer()
COMPAT = "tradai:8000,alphapulse:18001,mangrove:5001"
"""Where the documents of these products say they listen."""


@app.command()
def up(
    home: HomeOption = None,
    port: Annotated[int, typer.Option(help="port of the API and dashboard", min=1, max=65535)] = 8080,
    market: Annotated[str, typer.Option(help="auto | live | synthetic | recorded")] = "auto",
    exchange: Annotated[str, typer.Option(help="exchange of live and recorded data")] = "binance",
    symbols: Annotated[str | None, typer.Option(help="comma-separated, e.g. BTC/USDT,ETH/USDT")] = None,
    timeframe: Annotated[
        str | None, typer.Option(help="bar length [default: 1m; recorded: what is stored]")
    ] = None,
    start: Annotated[
        str | None, typer.Option("--from", help="first instant of a recorded or synthetic run (ISO, UTC)")
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", help="last instant; a bare date includes that day")
    ] = None,
    speed: Annotated[str | None, typer.Option(help="market seconds per second, or max")] = None,
    record: Annotated[
        Path | None,
        typer.Option(help="write down all that the run hears, for `outcry replay FILE --verify`"),
    ] = None,
    rounds: Annotated[
        int | None, typer.Option(help="stop after N rounds per session and print a summary", min=1)
    ] = None,
    seed: Annotated[
        int, typer.Option(help="seed of synthetic data and simulated slippage", min=0, max=2**31 - 1)
    ] = 7,
    workers: Annotated[
        int, typer.Option(help="workers for backtests and other jobs; 0 for none", min=0, max=64)
    ] = 1,
    live: Annotated[
        bool, typer.Option("--live", help="send real orders; also needs trading.mode: live (docs/live.md)")
    ] = False,
    confirm: Annotated[
        str | None, typer.Option(help="the words that confirm --live, where nobody can type them")
    ] = None,
    exchange_url: Annotated[
        str | None, typer.Option(help="a practice exchange on this machine instead of the real one")
    ] = None,
    compat: Annotated[
        bool,
        typer.Option("--compat", help="also listen where other products' documents say: 8000, 18001, 5001"),
    ] = False,
    compat_ports: Annotated[
        str | None, typer.Option(help="other ports for --compat, e.g. tradai:8000,alphapulse:18001")
    ] = None,
    agents: Annotated[
        str | None,
        typer.Option(help="who sits, e.g. trend,risk,mean_reversion [default: config/agents.yaml]"),
    ] = None,
    servers: Annotated[
        str | None,
        typer.Option(
            help="servers that run although no seat asks them: memory, news; also at /mcp/… of the API"
        ),
    ] = None,
    stay: Annotated[bool, typer.Option("--stay", help="keep serving after a bounded run has ended")] = False,
    detach: Annotated[
        bool, typer.Option("--detach", help="open in the background and return when ready")
    ] = False,
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
