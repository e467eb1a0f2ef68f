"""Reading a stored body again: whole, altered, out of date, or over data that nobody has."""

from typing import Any

import pytest

from openoutcry.errors import BadInput
from openoutcry.strategy.conformity import conformity
from openoutcry.strategy.definition import Definition, read
from tests.openoutcry.strategy.given import DEFAULTS, FILTER, SEED, TRIGGER, rule

RULES = {**SEED, "entry": [TRIGGER, FILTER]}
CODE = {"name": "coded", "entry_point": "acme.trend", "parameters": {"fast": 5}, "category": "mean-reversion"}


def again(found: Definition, body: dict[str, Any] | None = None, **more: Any):
    return conformity(found.kind, body or found.body, found.content_hash, DEFAULTS, **more)


def test_what_was_stored_reads_as_itself() -> None:
    found = read(RULES, DEFAULTS)
    assert read(found.body, DEFAULTS) == found, "a body is its own canonical form"
    assert again(found).model_dump() == {"conforms": True, "problems": (), "warnings": ()}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (
            {"reward_factor": 5.0, "execution_config": {}},
            "content_hash: the body is not the one that was stored",
        ),
        ({"entry": [TRIGGER]}, "entry: needs exactly one TRIGGER and exactly one FILTER"),
        ({"speling": 1}, "speling: a strategy has no such field"),
    ],
)
def test_what_was_altered_is_told(changes: dict[str, Any], problem: str) -> None:
    found = read(RULES, DEFAULTS)
    told = again(found, {**found.body, **changes})
    assert not told.conforms
    assert told.problems[0].startswith(problem)


def test_what_is_allowed_and_worth_knowing() -> None:
    odd = read(
        {**RULES, "entry": [rule("rsi_oversold", "TRIGGER"), rule("holder_concentration_low", "FILTER")]},
        DEFAULTS,
    )
    told = again(odd)
    assert told.conforms
    assert "declared TRIGGER, the registry has it as FILTER" in told.warnings[0]
    assert "no source of it is configured" in told.warnings[1]


def test_code_is_known_by_its_entry_point() -> None:
    found = read(CODE, DEFAULTS)
    assert (found.kind, found.asset, found.strategy_type) == ("code", None, "mean_reversion")
    assert read(found.body, DEFAULTS) == found
    assert again(found, installed={"acme.trend"}).conforms
    assert again(found).problems == ("entry_point: acme.trend is not installed here",)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"entry_point": "os; rm -rf"}, "entry_point"),
        ({"entry_point": None}, "entry_point"),
        ({"parameters": [1]}, "parameters"),
        ({"parameters": {"x": float("nan")}}, "parameters.x"),
        ({"category": "vibes"}, "category"),
        ({"timeframe": "7m"}, "timeframe"),
        ({"description": "x" * 3000}, "description"),
        ({"name": "a/b"}, "name"),
        ({"speling": 1}, "speling"),
    ],
)
def test_code_that_cannot_be_is_refused_by_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(BadInput) as caught:
        read({**CODE, **changes}, DEFAULTS)
    assert caught.value.field is not None and caught.value.field.endswith(field)
