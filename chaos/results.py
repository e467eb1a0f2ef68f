"""Slices, appended to a file, and what they add up to."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

PARTS = {"postgres": "Postgres", "backend": "Postgres", "k17": "everything"}
"""What is down after a kill, where it is not one process of the floor's."""


def append(file: Path, told: dict[str, Any]) -> None:
    with file.open("a") as out:
        out.write(json.dumps(told) + "\n")


def read(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def met(slices: Iterable[dict[str, Any]]) -> Counter[str]:
    """How often each kind was killed so far."""
    return Counter(kill["what"] for one in slices for kill in one["kills"])


def summary(slices: Iterable[dict[str, Any]]) -> str:
    """Everything so far, in words. Zero failures in N kills only say p < 3/N at 95 %; of a slice that gave up the books were
    not compared, so its kills are none of N.
    """
    done = list(slices)
    kills = [kill for one in done for kill in one["kills"]]
    compared = sum(len(one["kills"]) for one in done if not one["gave_up"])
    doubled, lost, ledger = (
        sum(len(one["findings"][kind]) for one in done) for kind in ("doubled", "lost", "ledger")
    )
    lines = [
        f"{len(kills)} kills in {len(done)} slices, seeds {sorted({one['seed'] for one in done})}, "
        f"commits {sorted({one['commit'] for one in done})}",
        f"orders {sum(one['orders'] for one in done)}, doubled {doubled}, lost {lost}, ledger differences {ledger}"
        + (
            f": p < {3 / compared:.2%} at 95 % (n={compared})"
            if compared and not doubled + lost + ledger
            else ""
        ),
        "by kind: " + ", ".join(f"{kind} {many}" for kind, many in sorted(met(done).items())),
        *(
            f"{group}: to READY {_quantiles([k['ready_s'] for k in some])}, "
            f"to the first order made {_quantiles([k['order_s'] for k in some])}"
            for group, some in _grouped(kills)
        ),
        f"pauses {sum(one['pauses'] for one in done)}, requests in them {sum(one['during_pauses'] for one in done)}",
    ]
    if spent := _spent(done):
        lines.append(
            f"of {spent.pop('all'):.0f} s it waited "
            + ", ".join(f"{s:.0f} {what}" for what, s in spent.items())
        )
    gave_up = [one["gave_up"] for one in done if one["gave_up"]]
    return "\n".join([*lines, *(f"GAVE UP: {one}" for one in gave_up)])


def _spent(slices: Iterable[dict[str, Any]]) -> dict[str, float]:
    """For what was waited, in seconds, by slices that noted it."""
    found: dict[str, float] = {}
    for one in slices:
        for what, seconds in one.get("spent", {}).items():
            found[what] = found.get(what, 0.0) + seconds
    return found


def _grouped(kills: Sequence[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    """Kills by what has to come back, and all of them."""
    groups = [
        (name, [kill for kill in kills if PARTS.get(kill["what"], "a process") == name])
        for name in ("a process", "Postgres", "everything")
    ]
    return [(name, some) for name, some in (*groups, ("all", list(kills))) if some]


def _quantiles(values: Sequence[float | None]) -> str:
    known = sorted(one for one in values if one is not None)
    if not known:
        return "not measured"
    return f"p50 {known[len(known) // 2]:.1f} s, p99 {known[min(len(known) - 1, int(len(known) * 0.99))]:.1f} s (n={len(known)})"
