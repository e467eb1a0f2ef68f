"""The whole page."""

from openoutcry.backtest.report.markup import section, text
from openoutcry.backtest.report.payload import MOST_TRADES, payload
from openoutcry.backtest.report.summary import doubts, header, tiles
from openoutcry.backtest.report.tables import exits, figures, months, settings
from openoutcry.backtest.report.values import Assets, Reported

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; base-uri 'none';"
    " form-action 'none'"
)
"""The file may ask for nothing: no network, no other file."""


def page(report: Reported, assets: Assets) -> str:
    """HTML of a report, complete in itself."""
    request = report.request
    title = f"{request.name} · {', '.join(request.symbols)} · backtest"
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{POLICY}"><title>{text(title)}</title>
<style>{assets.chart_style}
{assets.style}</style></head>
<body><main>
{header(report)}
{tiles(report)}
{doubts(report)}
{_charts(report)}
{months(report)}
{_candles(report)}
{exits(report)}
{_trades(report)}
{figures(report)}
{settings(report)}
<footer>Open Outcry {text(report.provenance.get("version", ""))} · simulated results; past performance says little about
the future · charts by uPlot (MIT)</footer>
</main>
<noscript><p class="warnings">Charts and the trades table need JavaScript; everything else stands without it.</p></noscript>
<script type="application/json" id="data">{payload(report)}</script>
<script>/*
{assets.chart_licence.replace("*/", "")}
*/
{assets.chart_script}</script>
<script>{assets.script}</script>
</body></html>
"""


def _charts(report: Reported) -> str:
    body = """<div class="tools"><button type="button" id="log" aria-pressed="false">log scale</button></div>
<div class="chart" id="equity"></div><div class="chart small" id="fall"></div>"""
    note = "Drag to zoom, double-click to see all. The lower chart is the fall from the account's high."
    return section("account", "Account", body, note)


def _candles(report: Reported) -> str:
    options = "".join(
        f'<option value="{n}">{text(symbol)}</option>' for n, symbol in enumerate(report.outcomes)
    )
    several = (
        f'<select id="symbol" aria-label="symbol">{options}</select>' if len(report.outcomes) > 1 else ""
    )
    spans = "".join(
        f'<button type="button" data-days="{days}">{name}</button>'
        for name, days in (("all", 0), ("1 y", 365), ("3 m", 91), ("1 m", 30), ("1 w", 7))
    )
    body = f"""<div class="tools">{several}<span class="spans">{spans}</span>
<button type="button" id="back" aria-label="earlier">◀</button><button type="button" id="on" aria-label="later">▶</button>
<span id="bars"></span></div><div class="chart tall" id="candles"></div>"""
    note = "▲ and ▼ are entries, ● exits; green trades won. Scroll or drag to zoom; choose a trade below to see it."
    return section("market", "Trades on candles", body, note)


def _trades(report: Reported) -> str:
    total = report.metrics.total_trades
    note = f"The first {MOST_TRADES:,} of {total:,}." if total > MOST_TRADES else ""
    body = """<div class="scroll"><table id="table" class="numbers"></table></div>
<div class="tools"><button type="button" id="previous">◀</button><span id="shown"></span>
<button type="button" id="next">▶</button></div>"""
    return section("trades", f"Trades ({total:,})", body, note)
