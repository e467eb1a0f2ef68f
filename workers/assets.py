"""The texts that reports carry along, from ``web/``."""

from functools import cache
from pathlib import Path

from openoutcry.backtest.report.values import Assets

WEB = Path(__file__).resolve().parent.parent / "web"


@cache
def assets() -> Assets:
    """Read once per process."""
    return Assets(
        style=_text("report/report.css"),
        script=_text("report/report.js"),
        chart_style=_text("vendor/uplot/uPlot.min.css"),
        chart_script=_text("vendor/uplot/uPlot.iife.min.js"),
        chart_licence=_text("vendor/uplot/LICENSE"),
    )


def _text(name: str) -> str:
    return (WEB / name).read_text(encoding="utf-8")
