"""How much of the book hangs on few assets, and how much of that is one and the same risk."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from openoutcry.errors import BadInput
from openoutcry.risk.correlation import correlation_matrix
from openoutcry.risk.metrics import deviation
from openoutcry.risk.returns import Floats
from openoutcry.types.book import Portfolio
from openoutcry.types.symbols import parse_symbol

HIGH = 0.7
"""Two assets whose correlation is beyond this, either way, are a pair worth naming."""


@dataclass(frozen=True, slots=True)
class Shares:
    """Shares of gross value by asset, their Herfindahl index (1 = one asset), and its inverse: as many equal
    positions as would be as concentrated.
    """

    by_asset: Mapping[str, float]
    herfindahl: float
    equal_positions: float


@dataclass(frozen=True, slots=True)
class Pair:
    """Two assets that move alike (or opposite, below zero)."""

    first: str
    second: str
    correlation: float


@dataclass(frozen=True, slots=True)
class Concentration:
    """How many independent risks there are among ``len(risk_contributions)`` assets.

    ``effective_assets`` is (sum of l)^2 / (sum of l^2) over the eigenvalues l of the correlation matrix: n when
    nothing moves together, 1 when everything does. ``score`` is 1 - effective / n. ``diversification_ratio`` is
    the weighted mean of the assets' deviations over the book's own; it and the contributions, which add up to
    1, do not exist (None, empty) for a book that does not move.
    """

    score: float
    effective_assets: float
    high_correlation_pairs: tuple[Pair, ...]
    diversification_ratio: float | None
    risk_contributions: Mapping[str, float]


def shares(portfolio: Portfolio, prices: Mapping[str, Decimal]) -> Shares:
    """Of the open positions, by absolute value; spot and perpetual of an asset together. Symbols need a
    price.
    """
    values: dict[str, Decimal] = {}
    for position in portfolio.positions:
        base = parse_symbol(position.symbol).base
        values[base] = values.get(base, Decimal(0)) + position.quantity * prices[position.symbol]
    total = sum(values.values(), Decimal(0))
    if total == 0:
        return Shares({}, 0.0, 0.0)
    by_asset = {base: float(value / total) for base, value in sorted(values.items())}
    index = sum(share * share for share in by_asset.values())
    return Shares(by_asset, index, 1.0 / index)


def concentration(returns: Mapping[str, Floats], weights: Mapping[str, float]) -> Concentration:
    """Of assets with equally long return series and signed weights (0 where none is given).

    An asset that does not move counts as independent of all others. Raises BadInput naming ``returns``.
    """
    names = tuple(returns)
    if not names:
        raise BadInput("returns: needs at least one asset", field="returns")
    series = [returns[name] for name in names]
    if len(series[0]) < 2:
        raise BadInput(f"returns: needs at least 2 returns an asset, has {len(series[0])}", field="returns")
    known = correlation_matrix(series)
    matrix = np.array([[_known(known[i][j], i == j) for j in range(len(names))] for i in range(len(names))])
    # The trace is n, and the sum of the squared eigenvalues of a symmetric matrix is that of its entries.
    effective = min(float(len(names)), len(names) ** 2 / float(np.sum(matrix**2)))
    spread = np.array([deviation(values) or 0.0 for values in series])
    held = np.array([weights.get(name, 0.0) for name in names])
    covariance = matrix * np.outer(spread, spread)
    variance = float(held @ covariance @ held)
    moves = variance > 0.0
    parts = held * (covariance @ held) / variance if moves else np.zeros(0)
    return Concentration(
        score=1.0 - effective / len(names),
        effective_assets=effective,
        high_correlation_pairs=_pairs(names, known),
        diversification_ratio=float(np.abs(held) @ spread / np.sqrt(variance)) if moves else None,
        risk_contributions=dict(zip(names, parts.tolist(), strict=True)) if moves else {},
    )


def _known(value: float | None, same: bool) -> float:
    return 1.0 if same else 0.0 if value is None else value


def _pairs(names: Sequence[str], matrix: Sequence[Sequence[float | None]]) -> tuple[Pair, ...]:
    """Beyond HIGH, the strongest first."""
    found = [
        Pair(names[i], names[j], value)
        for i in range(len(names))
        for j in range(i + 1, len(names))
        if (value := matrix[i][j]) is not None and abs(value) > HIGH
    ]
    return tuple(sorted(found, key=lambda pair: -abs(pair.correlation)))
