"""The tables of docs/indicators.md say what the code says. GOLDEN=rewrite in the environment writes them anew."""

import os
import re
from pathlib import Path

import pytest

from openoutcry.context import EXTRAS, MARKET
from openoutcry.indicators.catalogue import CATALOGUE, parse
from openoutcry.signals.declare import SignalParam
from openoutcry.signals.registry import REGISTRY

PAGE = Path(__file__).parents[3] / "docs" / "indicators.md"


def indicators() -> str:
    rows = [
        "| indicator | of | parameters = default [range] | outputs | bars | |",
        "|---|---|---|---|---|---|",
    ]
    for name, entry in CATALOGUE.items():
        params = "; ".join(f"{p.name}={p.default:g} [{p.low:g}..{p.high:g}]" for p in entry.params) or "—"
        outputs = " ".join(entry.outputs)
        rows.append(
            f"| `{name}` | {' '.join(entry.inputs)} | {params} | {outputs} | {parse(name).bars} | {entry.summary} |"
        )
    return "\n".join(rows)


def features() -> str:
    rows = ["| feature | centre | scale | |", "|---|---|---|---|"]
    rows += [f"| `{f.name}` | {f.centre:g} | {f.scale:g} | {f.meaning} |" for f in MARKET]
    rows += [f"| `{f.name}` (round) | {f.centre:g} | {f.scale:g} | {f.meaning} |" for f in EXTRAS]
    return "\n".join(rows)


def parameter(param: SignalParam) -> str:
    default = "required" if param.required else str(param.default)
    span = f" [{param.low:g}..{param.high:g}]" if param.low is not None and param.high is not None else ""
    return f"{param.name}={default}{span}"


def signals() -> str:
    parts = []
    for group in ("core", "extended", "onchain"):
        chosen = [signal for signal in REGISTRY.values() if signal.set == group]
        parts += [
            f"### {group}: {len(chosen)}",
            "",
            "| signal | type | requires | parameters = default [range] | |",
            "|---|---|---|---|---|",
        ]
        for s in sorted(chosen, key=lambda signal: (signal.category, signal.name)):
            params = "; ".join(parameter(param) for param in s.params) or "—"
            parts.append(f"| `{s.name}` | {s.kind} | {' '.join(s.requires)} | {params} | {s.summary} |")
        parts.append("")
    return "\n".join(parts).strip()


TABLES = {"indicators": indicators, "features": features, "signals": signals}


@pytest.mark.parametrize("table", sorted(TABLES))
def test_the_tables_are_the_codes(table: str) -> None:
    wanted = f"<!-- {table} -->\n{TABLES[table]()}\n<!-- /{table} -->"
    pattern = re.compile(f"<!-- {table} -->.*<!-- /{table} -->", re.DOTALL)
    text = PAGE.read_text()
    if os.environ.get("GOLDEN") == "rewrite":
        text = pattern.sub(lambda _: wanted, text)
        PAGE.write_text(text)
    found = pattern.search(text)
    assert found is not None and found.group() == wanted, "GOLDEN=rewrite writes the table anew"
