"""What `outcry sweep` can be told."""

from pathlib import Path
from typing import Annotated

import typer

Strategy = Annotated[
    str | None, typer.Argument(help="a name that `outcry strategies files` shows, or a file")
]
Symbol = Annotated[str | None, typer.Option(help="what to trade it on [default: the strategy's own]")]
Exchange = Annotated[str, typer.Option(help="whose stored candles")]
Timeframe = Annotated[str | None, typer.Option(help="bars to run on [default: the strategy's own]")]
Start = Annotated[str | None, typer.Option("--from", help="first day, e.g. 2023-01-01")]
End = Annotated[str | None, typer.Option("--to", help="last day")]
Vary = Annotated[
    list[str] | None,
    typer.Option(help="PATH=low:high:step, PATH=low..high or PATH=a,b,c; PATH,PATH=… moves together"),
]
Where = Annotated[list[str] | None, typer.Option(help="PATH < PATH: only combinations that keep it")]
Space = Annotated[Path | None, typer.Option(help="a file with vary and where, instead of the two above")]
Method = Annotated[str | None, typer.Option(help="grid, random or tpe [default: grid; tpe with --preset]")]
Trials = Annotated[
    int | None, typer.Option(help="combinations for random and tpe [default: 200]", min=1, max=10_000)
]
Preset = Annotated[
    str | None, typer.Option(help="quick (50), standard (200) or production (1,000, walking forward)")
]
Objective = Annotated[str, typer.Option(help="a figure by its name, as in docs/metrics.md")]
MinTrades = Annotated[int, typer.Option(help="fewer do not count as candidates", min=0)]
Seed = Annotated[int, typer.Option(help="of the draws and of slippage", min=0, max=2**31 - 1)]
WalkForward = Annotated[
    int, typer.Option(help="test on so many windows, each after its training", min=0, max=100)
]
Anchored = Annotated[bool, typer.Option("--anchored", help="every training starts at the first bar")]
KFold = Annotated[
    int, typer.Option(help="test on each of so many parts, training on the others", min=0, max=100)
]
TestFolds = Annotated[int, typer.Option(help="parts in each test of --k-fold", min=1, max=50)]
Purge = Annotated[
    int | None, typer.Option(help="bars left out before a test [default: warm-up or longest hold]", min=0)
]
Embargo = Annotated[int, typer.Option(help="further bars left out around a test", min=0)]
Fee = Annotated[
    float | None, typer.Option(help="of a fill, e.g. 0.001 [default: the home's trading defaults]")
]
Slippage = Annotated[float | None, typer.Option(help="largest of a fill, e.g. 0.0005 [default: same]")]
Leverage = Annotated[float | None, typer.Option(help="of a perpetual's positions [default: 1]")]
Workers = Annotated[int, typer.Option(help="processes on this machine", min=1, max=64)]
Study = Annotated[str | None, typer.Option(help="keep the trials in the floor's database under this name")]
Resume = Annotated[str | None, typer.Option(help="go on with a kept sweep, or join whoever works on it")]
Queue = Annotated[
    int,
    typer.Option(help="hand it to so many `outcry worker`s instead of running it here", min=0, max=64),
]
Cancel = Annotated[str | None, typer.Option(help="stop a kept sweep wherever it runs")]
List = Annotated[bool, typer.Option("--list", help="show the kept sweeps")]
Top = Annotated[int, typer.Option(help="rows of the ranking to print", min=1, max=50)]
Save = Annotated[Path | None, typer.Option(help="write the best strategy there as YAML")]
