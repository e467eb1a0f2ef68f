"""``outcry risk``: what the sessions risk, what the gate allows, and what an asset's size might be."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from openoutcry.errors import BadInput
from outcry.options import HomeOption, JsonOption, SessionOption
from outcry.printing import lines
from wire.config import home_folder

if TYPE_CHECKING:
    from db.reads.sessions_seen import RiskSource
    from openoutcry.risk.seen import Seen

app = typer.Typer(no_args_is_help=True)
DaysOption = Annotated[int, typer.Option("--days", help="daily returns to look back", min=2, max=2000)]
SymbolsOption = Annotated[
    str | None, typer.Option("--symbols", help="comma-separated [default: what is held]")
]
YEAR = 252
PATIENCE_S = 60.0
LONGEST_REASON = 500
Question = Callable[["RiskSource", "tuple[Seen, ...]"], Awaitable[Any]]


@app.command()
def exposure(home: HomeOption = None, session: SessionOption = None, as_json: JsonOption = False) -> None:
    """Each asset's net exposure as a fraction of equity, and their total."""
    from openoutcry.risk.shapes import exposure_shape

    async def ask(_: "RiskSource", seen: "tuple[Seen, ...]") -> Any:
        return exposure_shape(seen)

    _answer(ask, home, session, as_json)


@app.command()
def metrics(
    of: Annotated[
        Literal["market", "account"],
        typer.Option(help="daily closes of what is traded, or the session's own equity"),
    ] = "market",
    symbol: Annotated[str | None, typer.Option(help="another stored series, e.g. ETH/USDT")] = None,
    days: DaysOption = YEAR,
    home: HomeOption = None,
    session: SessionOption = None,
    as_json: JsonOption = False,
) -> None:
    """Volatility, VaR, CVaR, drawdown, Sharpe, Sortino and Calmar, of a year of 365 days."""
    from db.reads.risk_figures import account_figures, market_figures
    from openoutcry.risk.shapes import metrics_shape
    from openoutcry.types.symbols import canonical

    async def ask(source: "RiskSource", seen: "tuple[Seen, ...]") -> Any:
        if of == "account":
            return metrics_shape(await account_figures(source, seen[-1], days))
        name = None if symbol is None else canonical(symbol)
        return metrics_shape(market_figures(source.reader, seen[0], name, days))

    _answer(ask, home, session, as_json)


@app.command()
def limits(home: HomeOption = None, session: SessionOption = None, as_json: JsonOption = False) -> None:
    """What the gate enforces now, in money, and how much of it is used."""
    from openoutcry.risk.shapes import limits_shape, uses_shape

    async def ask(_: "RiskSource", seen: "tuple[Seen, ...]") -> Any:
        return {**limits_shape(seen), "used": uses_shape(seen)}

    _answer(ask, home, session, as_json)


@app.command()
def size(
    asset: Annotated[str, typer.Argument(help="e.g. BTC")],
    strength: Annotated[float, typer.Option(help="the signal's, 0 to 1")] = 0.5,
    home: HomeOption = None,
    session: SessionOption = None,
    as_json: JsonOption = False,
) -> None:
    """A position size for an asset, with its stop (2 ATR below) and target (3 ATR above)."""
    from db.reads.risk_figures import position_advice
    from openoutcry.risk.shapes import size_shape
    from outcry.risk_source import ORG

    async def ask(source: "RiskSource", seen: "tuple[Seen, ...]") -> Any:
        return size_shape(await position_advice(source, seen, ORG, asset, strength))

    _answer(ask, home, session, as_json)


@app.command()
def positions(home: HomeOption = None, session: SessionOption = None, as_json: JsonOption = False) -> None:
    """Spot and perpetual positions, and both sides of each asset with its hedge ratio."""
    from openoutcry.risk.shapes import futures_shape, position_metrics_shape, spot_shape

    async def ask(_: "RiskSource", seen: "tuple[Seen, ...]") -> Any:
        return {
            "spot": spot_shape(seen),
            "futures": futures_shape(seen),
            "metrics": position_metrics_shape(seen),
        }

    _answer(ask, home, session, as_json)


@app.command()
def stress(home: HomeOption = None, session: SessionOption = None, as_json: JsonOption = False) -> None:
    """What past crashes and sudden moves would do to the open positions."""
    from openoutcry.portfolio import mark
    from openoutcry.risk.seen import together
    from openoutcry.risk.shapes import stress_shape
    from openoutcry.risk.stress import stress as shaken

    async def ask(_: "RiskSource", seen: "tuple[Seen, ...]") -> Any:
        portfolio, prices = together(seen)
        return stress_shape(shaken(portfolio, prices), mark(portfolio, prices).equity)

    _answer(ask, home, session, as_json)


@app.command()
def concentration(
    symbols: SymbolsOption = None,
    days: DaysOption = YEAR,
    home: HomeOption = None,
    session: SessionOption = None,
    as_json: JsonOption = False,
) -> None:
    """How many independent risks there are among what is held, or among these symbols in equal parts."""

    async def ask(source: "RiskSource", seen: "tuple[Seen, ...]") -> Any:
        from db.reads.risk_figures import concentration_of
        from openoutcry.risk.shapes import concentration_shape

        return concentration_shape(concentration_of(source.reader, seen, _named(symbols), days))

    _answer(ask, home, session, as_json)


@app.command()
def correlation(
    symbols: Annotated[str, typer.Argument(help="comma-separated, e.g. BTC/USDT,ETH/USDT")],
    method: Annotated[
        Literal["pearson", "spearman"], typer.Option(help="of values, or of ranks")
    ] = "pearson",
    window: Annotated[
        int | None, typer.Option(help="two symbols: over time, of so many days each", min=2, max=1000)
    ] = None,
    days: DaysOption = YEAR,
    home: HomeOption = None,
    session: SessionOption = None,
    as_json: JsonOption = False,
) -> None:
    """Correlations of daily returns: every pair, or one pair over time."""

    async def ask(source: "RiskSource", seen: "tuple[Seen, ...]") -> Any:
        from db.reads.risk_figures import shared_returns
        from openoutcry.risk.shapes import matrix_shape, rolling_shape

        book = seen[0].book
        returns = shared_returns(source.reader, book.exchange, _named(symbols) or (), book.as_of, days)
        return matrix_shape(returns, method) if window is None else rolling_shape(returns, window)

    _answer(ask, home, session, as_json)


@app.command()
def report(home: HomeOption = None, session: SessionOption = None, as_json: JsonOption = False) -> None:
    """All of it at once."""

    async def ask(source: "RiskSource", seen: "tuple[Seen, ...]") -> Any:
        from db.reads.risk_report import risk_report

        return risk_report(source.reader, seen)

    _answer(ask, home, session, as_json)


@app.command("reset-breaker")
def reset_breaker(
    reason: Annotated[str, typer.Option(help="why entries may begin again, for whoever reads of it")],
    wait: Annotated[float, typer.Option(help="seconds to wait for the floor", min=0.1, max=600)] = PATIENCE_S,
    home: HomeOption = None,
    session: SessionOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let sessions enter again after a loss limit was reached; losses are counted anew from now."""
    from openoutcry.types.commands import ResetBreaker
    from outcry.commanding import carry_out

    if not 1 <= len(reason) <= LONGEST_REASON:
        raise BadInput(f"reason: must have 1 to {LONGEST_REASON} characters", field="reason")
    folder = home_folder(str(home) if home else None)
    done = asyncio.run(
        carry_out(folder, ResetBreaker(session_id=session, reason=reason), once=None, wait_s=wait)
    )
    typer.echo(json.dumps(done) if as_json else "\n".join(lines(done)))


def _named(symbols: str | None) -> tuple[str, ...] | None:
    from openoutcry.types.symbols import canonical

    if symbols is None:
        return None
    return tuple(dict.fromkeys(canonical(s, field="symbols") for s in symbols.split(",") if s.strip()))


def _answer(question: Question, home: Path | None, session: str | None, as_json: bool) -> None:
    from outcry.risk_source import risk_source, seen_of

    async def run() -> Any:
        async with risk_source(home_folder(str(home) if home else None)) as source:
            return await question(source, await seen_of(source, session))

    found = asyncio.run(run())
    typer.echo(json.dumps(found) if as_json else "\n".join(lines(found)))
