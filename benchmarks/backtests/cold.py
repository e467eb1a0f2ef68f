"""A cold ``outcry backtest``."""

from pathlib import Path


def measure(folder: Path) -> dict[str, float]:
    return {}
