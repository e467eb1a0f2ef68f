"""``outcry backtest``: run one strategy on stored candles, here and now. Needs no database."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from openoutcry.errors import BadInput
from outcry.options import HomeOption, JsonOption
from wire.config import home_folder

if TYPE_CHECKING:
    from outcry.backtesting import Done

app = typer.Typer()
EXIT_LOOK_AHEAD = 3
FILLS = "entry=next_open|signal_close,levels=level|close,first=stop|target,slippage=uniform|fixed|none"


@app.command()
def backtest(
    strategy: Annotated[
        str,
        typer.Argument(help="a name of `outcry strategies list`, a .yaml or .json file, or file.py:function"),
    ],
    symbol: Annotated[str | None, typer.Option(help="BTC/USDT, or BTC/USDT:USDT for the perpetual")] = None,
    timeframe: Annotated[str | None, typer.Option(help="bar length [default: the strategy's]")] = None,
    start: Annotated[
        str | None, typer.Option("--from", help="first day or instant, UTC [default: all]")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="last day, included, or instant")] = None,
    months: Annotated[int | None, typer.Option(help="so many months up to --to, in place of --from")] = None,
    exchange: Annotated[str, typer.Option(help="whose candles")] = "binance",
    capital: Annotated[float | None, typer.Option(help="cash at the start")] = None,
    leverage: Annotated[float | None, typer.Option(help="of a perpetual, 1 to 125")] = None,
    fee_pct: Annotated[
        float | None, typer.Option("--fee-pct", "--fee", help="fraction of each fill, 0.001 is 0.1 %")
    ] = None,
    slippage_pct: Annotated[
        float | None,
        typer.Option("--slippage-pct", "--slippage", help="largest slippage of a fill, a fraction"),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="seed of the slippage")] = None,
    fills: Annotated[str | None, typer.Option(help=FILLS)] = None,
    setting: Annotated[
        list[str] | None,
        typer.Option("--set", help="NAME=VALUE of the strategy or its execution; again for more"),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="a warning of the checks stops the run")] = False,
    audit: Annotated[
        bool, typer.Option("--audit", help="try other futures; exit 3 when one changes the past")
    ] = False,
    report: Annotated[Path | None, typer.Option(help="write the HTML report here")] = None,
    trades: Annotated[Path | None, typer.Option(help="write the trades here, .csv or .json")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run one strategy on stored candles, here and now.

    Exit codes: 0 done, 1 failed, 2 a wrong argument or strategy, or no data, 3 the audit found a look-ahead.
    """
    fields = {
        "symbols": [symbol] if symbol else None, "exchange": exchange, "interval": timeframe, "start": start, "end": end,
        "lookback_months": months, "initial_balance": capital, "leverage": leverage, "fee_pct": fee_pct,
        "slippage_pct": slippage_pct, "seed": seed, "strict": strict or None, "fills": _fills(fills),
    }  # fmt: skip
    for option, path in (("--report", report), ("--trades", trades)):
        if path is not None and not path.parent.is_dir():
            raise BadInput(f"{option}: there is no folder {path.parent}", field=option)
    folder = home_folder(str(home) if home else None)
    done = _run(strategy, fields, setting or [], audit, folder)
    _write(done, report, trades, folder)
    _tell(done, as_json)
    if done.audit is not None and not done.audit.passed:
        raise typer.Exit(EXIT_LOOK_AHEAD)


def _run(strategy: str, fields: dict[str, Any], settings: list[str], audit: bool, home: Path) -> "Done":
    from wire.compiling import keep_kernels

    keep_kernels(home)
    from outcry.backtesting import Words, run  # loads the compiler, which has to know its folder first
    from wire.clock import WallClock

    return run(Words(strategy, fields, settings, audit), home, WallClock().now())


def _write(done: "Done", report: Path | None, trades: Path | None, home: Path) -> None:
    from outcry import backtestview

    if trades is not None:
        trades.write_text(backtestview.trades(done, trades.suffix), encoding="utf-8")
    if report is not None:
        report.write_text(backtestview.report(done), encoding="utf-8")


def _tell(done: "Done", as_json: bool) -> None:
    from rich.console import Console

    from outcry import backtestview

    if as_json:
        typer.echo(json.dumps(backtestview.plain(done)))
    else:
        backtestview.told(done, Console(highlight=False, soft_wrap=True))


def _fills(text: str | None) -> dict[str, str] | None:
    if text is None:
        return None
    found: dict[str, str] = {}
    for part in text.split(","):
        name, equals, value = (word.strip() for word in part.partition("="))
        if not equals or name in found:
            raise BadInput(f"--fills: {part[:60]!r} is not NAME=VALUE, each name once", field="--fills")
        found[name] = value
    return found
