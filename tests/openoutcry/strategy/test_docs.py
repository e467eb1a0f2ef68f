"""The tables of docs/strategies.md and docs/metrics.md say what the code says. GOLDEN=rewrite writes them anew."""

import dataclasses
import os
import re
from pathlib import Path
from typing import Any

import pytest

from openoutcry.backtest.metrics import Metrics
from openoutcry.strategy.glossary import glossary
from tests.openoutcry.strategy.given import DEFAULTS
from wire.config import CONFIG_FOLDER
from wire.strategies import load_strategy

DOCS = Path(__file__).parents[3] / "docs"


def span(entry: dict[str, Any]) -> str:
    if "choices" in entry:
        return ", ".join(f"`{choice}`" for choice in entry["choices"])
    if "min" not in entry:
        return "true, false" if entry["type"] == "bool" else "by timeframe"
    low = f"{'>' if entry['min_exclusive'] else '≥'} {shown(entry['min'])}"
    high = f"{'<' if entry['max_exclusive'] else '≤'} {shown(entry['max'])}"
    nothing = ", or null" if entry.get("nullable") else ""
    return f"{low}, {high}{', whole' if entry['type'] == 'int' else ''}{nothing}"


def shown(value: object) -> str:
    words = {None: "null", True: "true", False: "false"}
    if isinstance(value, dict):
        return " ".join(f"`{name}`" for name in value)
    if value is None or isinstance(value, bool):
        return words[value]
    return f"{value:,.15g}" if isinstance(value, int | float) else str(value)


def execution() -> str:
    rows = ["| field | default | may be | status | meaning | effect |", "|---|---|---|---|---|---|"]
    usual = DEFAULTS.execution().model_dump(mode="json")
    for name, entry in glossary().items():
        status = entry["status"]
        if status == "gated":
            status = f"gated: `{entry['gate_field']}` {shown(entry['gate_required'])}"
        rows.append(
            f"| `{name}` | {shown(usual[name])} | {span(entry)} | {status} | {entry['description']} | {entry['effect']} |"
        )
    return "\n".join(rows)


def shipped() -> str:
    rows = ["| strategy | trades | bars | side | |", "|---|---|---|---|---|"]
    for path in sorted((CONFIG_FOLDER / "strategies").glob("*.yaml")):
        found = load_strategy(path.stem, Path("/nowhere"), DEFAULTS)
        rows.append(
            f"| `{found.name}` | {found.symbol} | {found.timeframe} | {found.side} | {found.description} |"
        )
    return "\n".join(rows)


def metrics() -> str:
    rows = ["| figure | unit | |", "|---|---|---|"]
    for figure in dataclasses.fields(Metrics):
        rows.append(f"| `{figure.name}` | {figure.metadata['unit']} | {figure.metadata['meaning']} |")
    return "\n".join(rows)


TABLES = {"execution": execution, "shipped": shipped, "metrics": metrics}
PAGES = {"execution": "strategies.md", "shipped": "strategies.md", "metrics": "metrics.md"}


@pytest.mark.parametrize("table", sorted(TABLES))
def test_the_tables_are_the_codes(table: str) -> None:
    page = DOCS / PAGES[table]
    wanted = f"<!-- {table} -->\n{TABLES[table]()}\n<!-- /{table} -->"
    pattern = re.compile(f"<!-- {table} -->.*<!-- /{table} -->", re.DOTALL)
    if os.environ.get("GOLDEN") == "rewrite":
        page.write_text(pattern.sub(lambda _: wanted, page.read_text()))
    found = pattern.search(page.read_text())
    assert found is not None and found.group() == wanted, "`make golden` writes the table anew"


def test_the_example_is_a_strategy(tmp_path: Path) -> None:
    text = (DOCS / "strategies.md").read_text().partition("```yaml\n")[2].partition("```")[0]
    (tmp_path / "example.yaml").write_text(text)
    found = load_strategy(str(tmp_path / "example.yaml"), tmp_path, DEFAULTS)
    assert (found.name, found.warnings) == ("btc_rsi_strategy", ())
