"""No figure of risk is worked out twice: the telltale of each formula stands in one module, and others call it."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("agents", "api", "db", "mcp_servers", "openoutcry", "orchestrator", "outcry", "wire", "workers")
MARKET = (
    "openoutcry/indicators/",
    "openoutcry/signals/",
    "openoutcry/market/",
    "openoutcry/regime/",
    "openoutcry/context.py",
    "openoutcry/backtest/noise.py",
    "openoutcry/news/synthetic.py",
)
"""Deviations of prices and volumes are the market's figures, not the book's."""

FORMULAS = {
    "deviation of returns": (r"\bstd\(", ("openoutcry/risk/metrics.py", *MARKET)),
    "value at risk": (r"\b(quantile|percentile)\(", ("openoutcry/risk/metrics.py", *MARKET)),
    "drawdown of a curve": (
        r"maximum\.accumulate",
        ("openoutcry/risk/metrics.py", *MARKET),
    ),
    "lost since the highest equity": (r"(peak|high|start)(_equity)?\s*-\s*equity|1 - equity /", ()),
    "correlation": (r"corrcoef|pearsonr|spearmanr", ()),
    "Sharpe ratio": (r"math\.sqrt\(periods\)", ("openoutcry/risk/ratio.py", "openoutcry/risk/metrics.py")),
    "Kelly": (r"\(1(\.0)? - win_rate\)", ("openoutcry/risk/kelly.py",)),
    "hedge ratio": (
        r"/ (self\.)?spot_value|short / spot\b",
        ("openoutcry/hedging/exposures.py", "openoutcry/hedging/analysis.py"),
    ),
    "basis": (r"perp(etual)?\S* / spot\S* - 1|hedge\S* / \S*quote\S* - 1", ("openoutcry/hedging/costs.py",)),
    "ramp between calm and limit": (r"\(value - low\) / \(high - low\)", ("openoutcry/risk/pressure.py",)),
    "share of a limit": (
        r"fraction\((\w+\.)*risk\.max_(position_size|gross_exposure|daily_loss|drawdown)\)",
        (
            "openoutcry/risk/limits.py",
            "openoutcry/risk/sizing.py",
        ),
    ),
}
"""What gives a formula away -> where it may stand."""


def sources() -> dict[str, str]:
    files = (path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    return {path.relative_to(ROOT).as_posix(): path.read_text() for path in files}


SOURCES = sources()


@pytest.mark.parametrize("name", FORMULAS)
def test_a_formula_stands_where_it_is_defined_and_nowhere_else(name: str) -> None:
    telltale, homes = FORMULAS[name]
    found = {path for path, text in SOURCES.items() if re.search(telltale, text)}
    strays = {path for path in found if not path.startswith(homes or ("-",))}
    assert not strays, f"{name}: call its definition in {' or '.join(homes)} instead"
    missing = {
        home for home in homes[:1] if home not in MARKET and not any(path.startswith(home) for path in found)
    }
    assert not missing, f"{name}: nothing left to find in {missing}: the telltale has grown old"
