"""What `outcry up` can be told."""

from pathlib import Path
from typing import Annotated

import typer

Port = Annotated[int, typer.Option(help="port of the API and dashboard", min=1, max=65535)]
Market = Annotated[str, typer.Option(help="auto | live | synthetic | recorded")]
Exchange = Annotated[str, typer.Option(help="exchange of live and recorded data")]
Symbols = Annotated[str | None, typer.Option(help="comma-separated, e.g. BTC/USDT,ETH/USDT")]
Timeframe = Annotated[str | None, typer.Option(help="bar length [default: 1m; recorded: what is stored]")]
Start = Annotated[
    str | None, typer.Option("--from", help="first instant of a recorded or synthetic run (ISO, UTC)")
]
End = Annotated[str | None, typer.Option("--to", help="last instant; a bare date includes that day")]
Speed = Annotated[str | None, typer.Option(help="market seconds per second, or max")]
Record = Annotated[
    Path | None,
    typer.Option(help="write down all that the run hears, for `outcry replay FILE --verify`"),
]
Rounds = Annotated[
    int | None, typer.Option(help="stop after N rounds per session and print a summary", min=1)
]
Seed = Annotated[
    int, typer.Option(help="seed of synthetic data and simulated slippage", min=0, max=2**31 - 1)
]
Workers = Annotated[int, typer.Option(help="workers for backtests and other jobs; 0 for none", min=0, max=64)]
Live = Annotated[
    bool, typer.Option("--live", help="send real orders; also needs trading.mode: live (docs/live.md)")
]
Confirm = Annotated[
    str | None, typer.Option(help="the words that confirm --live, where nobody can type them")
]
ExchangeUrl = Annotated[
    str | None, typer.Option(help="a practice exchange on this machine instead of the real one")
]
Compat = Annotated[
    bool,
    typer.Option("--compat", help="also listen where other products' documents say: 8000, 18001, 5001"),
]
CompatPorts = Annotated[
    str | None, typer.Option(help="other ports for --compat, e.g. tradai:8000,alphapulse:18001")
]
Agents = Annotated[
    str | None,
    typer.Option(help="who sits, e.g. trend,risk,mean_reversion [default: config/agents.yaml]"),
]
Servers = Annotated[
    str | None,
    typer.Option(help="servers that run although no seat asks them: memory, news; also at /mcp/… of the API"),
]
Stay = Annotated[bool, typer.Option("--stay", help="keep serving after a bounded run has ended")]
Detach = Annotated[bool, typer.Option("--detach", help="open in the background and return when ready")]
