"""The options of ``outcry league``."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

Symbols = Annotated[
    list[str] | None, Argument(help="pairs whose candles are stored [default: made-up worlds alone]")
]
Exchange = Annotated[str, Option("--exchange", help="whose candles")]
Timeframe = Annotated[str, Option("--timeframe", help="bar length")]
Begin = Annotated[str | None, Option("--from", help="first bar (ISO, UTC) [default: all]")]
End = Annotated[str | None, Option("--to", help="last bar (ISO, UTC)")]
Windows = Annotated[int, Option("--windows", min=1, max=100, help="windows of each world")]
Bars = Annotated[int, Option("--bars", min=10, max=20_000, help="bars of a window")]
Every = Annotated[int, Option("--every", min=1, max=1_000, help="bars between decisions")]
Made = Annotated[
    int, Option("--made", min=0, max=20, help="made-up worlds with known drift, and as many without any")
]
Minds = Annotated[
    list[str] | None,
    Option(
        "--mind",
        help="SEAT=MIND, such as technical=openai:gpt-5 [default: the settings', else every priced model]",
    ),
]
Cassettes = Annotated[
    list[Path] | None, Option("--cassette", help="models from a recorded league, without a key")
]
Record = Annotated[Path | None, Option("--record", help="write what models say into a new file")]
Spend = Annotated[str, Option("--spend", help="dollars that all models together may cost")]
Seed = Annotated[int, Option("--seed", min=0, max=2**31, help="of worlds, coins and redrawn histories")]
Samples = Annotated[int, Option("--samples", min=100, max=20_000, help="redrawn histories")]
Block = Annotated[int, Option("--block", min=1, max=5_000, help="mean bars of a redrawn block")]
Out = Annotated[
    list[Path] | None,
    Option("--out", help="write a page with charts (FILE.html, needs nothing else) or the JSON (FILE.json)"),
]
