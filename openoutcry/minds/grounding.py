"""Figures held against what the tools answered in this round.

A claim is right when its pointer leads to a number of that result which equals its value, to the digits it was given
with, and its unit does not contradict the result's. A figure in the reasoning is cited when a right claim has its value.

Confidence is multiplied by 0.5 for every wrong claim and by 0.9 for every figure that is cited by none, and never falls
below a tenth of what was said.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from openoutcry.minds.answer import Answer, Claim
from openoutcry.types.votes import ToolUse

WRONG_FACTOR = 0.5
UNCITED_FACTOR = 0.9
LEAST_FACTOR = 0.1
FIGURE = re.compile(r"(?<![\w.:/-])[-+]?\d[\d,]*\.?\d*(?:[eE][-+]?\d+)?")
SMALL_COUNTS = {float(number) for number in range(11)}
"""Whole numbers up to ten are words (two reasons, three bars), not figures."""


@dataclass(frozen=True, slots=True)
class Grounding:
    """What held and what did not. ``evidence`` are the results that right claims stand on."""

    evidence: tuple[str, ...]
    wrong: tuple[str, ...]
    uncited: tuple[str, ...]

    @property
    def factor(self) -> float:
        """What confidence is multiplied by."""
        return max(LEAST_FACTOR, WRONG_FACTOR ** len(self.wrong) * UNCITED_FACTOR ** len(self.uncited))

    @property
    def note(self) -> str:
        """One line for whoever reads the vote; empty when everything held."""
        parts = []
        if self.wrong:
            parts.append("wrong: " + "; ".join(self.wrong[:5]))
        if self.uncited:
            parts.append("uncited: " + ", ".join(self.uncited[:8]))
        return f"[figures {', '.join(parts)}; confidence x{self.factor:.2f}]" if parts else ""


def ground(answer: Answer, uses: Sequence[ToolUse]) -> Grounding:
    """Check an answer's claims and figures against the results of its round."""
    results = {use.result_id: use.result for use in uses}
    right: list[Claim] = []
    wrong: list[str] = []
    for claim in answer.claims:
        fault = fault_of(claim, results)
        if fault is None:
            right.append(claim)
        else:
            wrong.append(fault)
    known = {claim.value for claim in right}
    uncited = [text for text in figures(answer.reasoning) if not cited(text, known)]
    return Grounding(tuple(dict.fromkeys(claim.result_id for claim in right)), tuple(wrong), tuple(uncited))


def fault_of(claim: Claim, results: Mapping[str, Mapping[str, Any]]) -> str | None:
    """What is wrong with a claim, or None."""
    result = results.get(claim.result_id)
    if result is None:
        return f"{claim.result_id} is no result of this round"
    found = pointed(result, claim.pointer)
    if isinstance(found, str):
        found = number(found)
    if isinstance(found, bool) or not isinstance(found, int | float):
        return f"{claim.pointer} holds no number"
    if not same(claim.value, float(found)):
        return f"{claim.pointer} is {found:g}, not {claim.value:g}"
    unit = unit_of(result, claim.pointer)
    if claim.unit and unit and claim.unit != unit:
        return f"{claim.pointer} is in {unit}, not {claim.unit}"
    return None


def pointed(value: Any, pointer: str) -> Any:
    """What a JSON pointer leads to; None where it leads nowhere."""
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, Mapping):
            value = value.get(key)
        elif (
            isinstance(value, Sequence)
            and not isinstance(value, str)
            and key.isascii()
            and key.isdigit()
            and len(key) < 7
        ):
            value = value[int(key)] if int(key) < len(value) else None
        else:
            return None
    return value


def unit_of(result: Mapping[str, Any], pointer: str) -> str | None:
    """The unit that stands beside a value (a sibling ``unit``), if the tool gives one."""
    beside = pointed(result, pointer.rpartition("/")[0]) if pointer.count("/") > 1 else result
    unit = beside.get("unit") if isinstance(beside, Mapping) else None
    return unit if isinstance(unit, str) else None


def figures(text: str) -> list[str]:
    """The numbers in a text that say something: not small counts, not what is in square brackets (result ids)."""
    plain = re.sub(r"\[[^\]]*\]", " ", text)
    found = [match.group().rstrip(".,") for match in FIGURE.finditer(plain)]
    return [one for one in found if (value := number(one)) is not None and value not in SMALL_COUNTS]


def cited(text: str, known: set[float]) -> bool:
    """Whether a figure is a known value, rounded to the digits it is written with, or that value as a percentage."""
    value, digits = number(text), len(text.partition(".")[2])
    if value is None:
        return True
    half = 0.5 * 10.0**-digits + 1e-12
    return any(
        abs(abs(value) - abs(one)) <= half or abs(abs(value) - abs(one * 100.0)) <= half for one in known
    )


def same(said: float, found: float) -> bool:
    """Equal to the digits that were said: 36087.9 is 36087.89, 36000 is not."""
    digits = len(f"{said:.10f}".rstrip("0").partition(".")[2])
    return abs(said - found) <= max(0.5 * 10.0**-digits, 1e-9 * abs(found)) + 1e-12


def number(text: str) -> float | None:
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return None
