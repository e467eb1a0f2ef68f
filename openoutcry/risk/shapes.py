"""Risk figures in the shapes of the risk and positions API: plain numbers by name."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Any

import numpy as np

from openoutcry.errors import BadInput, DataUnavailable
from openoutcry.hedging.exposures import exposures
from openoutcry.risk.advice import Advice
from openoutcry.risk.allocation import Line, allocation, lines, short_name
from openoutcry.risk.concentration import Concentration
from openoutcry.risk.correlation import Method, correlation_matrix, rolling_correlation
from openoutcry.risk.metrics import RiskFigures
from openoutcry.risk.returns import Floats
from openoutcry.risk.seen import Seen, together
from openoutcry.risk.stress import Outcome
from openoutcry.types.symbols import parse_symbol


def exposure_shape(sessions: Sequence[Seen]) -> dict[str, float]:
    """Each asset's net exposure as a signed fraction of equity, and ``total``, the sum of their absolute values.

    Raises DataUnavailable without a needed price, or without equity.
    """
    found = allocation(*together(sessions))
    if found is None:
        raise DataUnavailable("there is no equity left that exposures could be a share of")
    return {**found.by_asset, "total": found.total}


def metrics_shape(found: RiskFigures) -> dict[str, float | None]:
    """The seven figures by the API's names."""
    return asdict(found)


def limits_shape(sessions: Sequence[Seen]) -> dict[str, dict[str, float]]:
    """What the gate holds the sessions to, in the quote asset.

    ``position_limits`` has one entry a traded symbol, and as ``default`` the smallest; the others are sums over
    sessions, each of which is held to its own part.
    """
    amounts = [(seen.book, seen.amounts) for seen in sessions]
    positions = {
        symbol: float(a.position) for book, a in amounts for symbol in _traded(book.symbol, book.hedge_symbol)
    }
    return {
        "position_limits": {"default": float(min(a.position for _, a in amounts)), **positions},
        "margin_limits": {"total": float(sum(a.margin for _, a in amounts))},
        "exposure_limits": {"total": float(sum(a.exposure for _, a in amounts))},
        "drawdown_limits": {
            "max": float(sum(a.drawdown for _, a in amounts)),
            "daily": float(sum(a.daily_loss for _, a in amounts)),
        },
    }


def _traded(symbol: str, hedge: str | None) -> tuple[str, ...]:
    return (symbol,) if hedge is None else (symbol, hedge)


def size_shape(found: Advice) -> dict[str, Any]:
    """An asset's position-size recommendation."""
    return {
        "asset": parse_symbol(found.symbol).base,
        "recommended_size": float(found.recommended_size),
        "max_size": float(found.max_size),
        "risk_per_trade": float(found.risk_per_trade),
        "stop_loss": _number(found.stop_loss),
        "take_profit": float(found.take_profit),
        "price": float(found.price),
        "atr": found.atr,
        "kelly_share": found.kelly.share,
        "bound": found.bound,
        "reason": found.reason,
    }


def spot_shape(sessions: Sequence[Seen]) -> list[dict[str, Any]]:
    """Spot positions, by symbol."""
    return [_line(line) for line in _lines(sessions)[0]]


def futures_shape(sessions: Sequence[Seen]) -> list[dict[str, Any]]:
    """Perpetual positions, by symbol; negative quantities are short."""
    return [{**_line(line), "leverage": line.leverage} for line in _lines(sessions)[1]]


def _lines(sessions: Sequence[Seen]) -> tuple[tuple[Line, ...], tuple[Line, ...]]:
    # The margin set aside for perpetuals is a floor's setting, the same for all its sessions.
    return lines(*together(sessions), sessions[0].book.settings.risk)


def _line(line: Line) -> dict[str, Any]:
    return {
        "symbol": short_name(line.symbol),
        "quantity": float(line.quantity),
        "value_usd": float(line.value),
        "avg_entry_price": float(line.average_entry),
    }


def position_metrics_shape(sessions: Sequence[Seen]) -> list[dict[str, Any]]:
    """Spot and perpetual of each asset side by side; ``hedge_ratio`` 1.0 = fully hedged."""
    return [
        {
            "symbol": e.asset,
            "spot_value": float(e.spot_value),
            "spot_qty": float(e.spot_quantity),
            "futures_value": float(e.perp_value),
            "futures_qty": float(e.perp_quantity),
            "net_exposure": float(e.net),
            "hedge_ratio": e.hedge_ratio,
        }
        for e in exposures(*together(sessions))
    ]


def concentration_shape(found: Concentration) -> dict[str, Any]:
    """Concentration by the API's names."""
    return {
        "concentration_score": found.score,
        "effective_assets": found.effective_assets,
        "high_correlation_pairs": [asdict(pair) for pair in found.high_correlation_pairs],
        "diversification_ratio": found.diversification_ratio,
        "risk_contributions": dict(found.risk_contributions),
    }


def matrix_shape(returns: Mapping[str, Floats], method: Method) -> dict[str, Any]:
    """Every pair's correlation, rows and columns in the symbols' order."""
    return {
        "symbols": list(returns),
        "method": method,
        "returns": len(next(iter(returns.values()))),
        "matrix": [list(row) for row in correlation_matrix(tuple(returns.values()), method)],
    }


def rolling_shape(returns: Mapping[str, Floats], window: int) -> dict[str, Any]:
    """One pair over time: None where one of the two did not move. Raises BadInput naming ``symbols`` or ``window``."""
    if len(returns) != 2:
        raise BadInput(
            f"symbols: a rolling correlation is of two symbols, not {len(returns)}", field="symbols"
        )
    (first, left), (second, right) = returns.items()
    if len(left) < window:
        raise BadInput(f"window: {window} is more than the {len(left)} returns both have", field="window")
    found = rolling_correlation(left, right, window)[window - 1 :]
    known = found[np.isfinite(found)]
    return {
        "symbol1": first,
        "symbol2": second,
        "window_days": window,
        "correlations": [float(value) if np.isfinite(value) else None for value in found],
        "current_correlation": float(found[-1]) if np.isfinite(found[-1]) else None,
        "average_correlation": float(known.mean()) if len(known) else None,
        "min_correlation": float(known.min()) if len(known) else None,
        "max_correlation": float(known.max()) if len(known) else None,
    }


def stress_shape(outcomes: Sequence[Outcome], equity: Decimal) -> list[dict[str, Any]]:
    """What each scenario would do; ``pnl_pct`` is of the present equity."""
    return [
        {
            "name": o.scenario.name,
            "note": o.scenario.note,
            "move_pct": float(o.scenario.move * 100),
            "moves_pct": {asset: float(move * 100) for asset, move in o.scenario.moves.items()},
            "basis_pct": float(o.scenario.basis * 100),
            "pnl": float(o.profit),
            "pnl_pct": float(o.profit / equity * 100) if equity > 0 else None,
            "equity": float(o.equity),
            "drawdown": o.drawdown,
        }
        for o in outcomes
    ]


def uses_shape(sessions: Sequence[Seen]) -> dict[str, Mapping[str, Any]]:
    """What is used of each limit, by session."""
    return {
        str(seen.book.session_id): {
            use.rule: {
                "value": float(use.value),
                "limit": float(use.limit),
                "used": use.used,
                "breached": use.breached,
            }
            for use in seen.uses
        }
        for seen in sessions
    }


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
