"""Names that strategies vote under, and the numbers of their versions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.declare import NAME
from openoutcry.errors import BadInput
from openoutcry.strategy.lifecycle import in_force
from openoutcry.strategy.seat import agent_name
from openoutcry.strategy.semver import next_patch, number_of, parse_version, spelled


@pytest.mark.parametrize(
    ("name", "agent"),
    [
        ("BTC RSI Strategy", "btc_rsi_strategy"),
        ("1st try", "s_1st_try"),
        ("A-b.c (v2)", "a_b_c_v2"),
        ("x" * 60, "x" * 40),
        ("a" * 39 + " b", "a" * 39),
    ],
)
def test_a_name_makes_an_agents_name(name: str, agent: str) -> None:
    assert agent_name(name) == agent


@given(st.text(min_size=1, max_size=100))
def test_any_name_makes_one_that_an_agent_may_have_or_is_refused(name: str) -> None:
    try:
        made = agent_name(name)
    except BadInput as error:
        assert error.field == "name"
    else:
        assert NAME.fullmatch(made)


@given(st.tuples(*[st.integers(0, 10**9 - 2)] * 3))
def test_versions_read_as_they_are_spelled_and_sort_as_numbers(number: tuple[int, int, int]) -> None:
    text = spelled(number)
    assert number_of(text) == number_of(f"v{text}") == number
    assert parse_version(text) == text
    assert number_of(next_patch(text)) == (*number[:2], number[2] + 1)


class At:
    def __init__(self, stage, number) -> None:
        self.stage, self.number = stage, number


ONE, TWO, THREE = At("prod", (1, 0, 0)), At("staging", (1, 2, 0)), At("dev", (1, 10, 0))


@pytest.mark.parametrize(
    ("status", "versions", "chosen"),
    [
        ("live", [THREE, TWO, ONE], ONE),
        ("live", [THREE, TWO], None),
        ("paper", [ONE, TWO, THREE], TWO),
        ("paper", [THREE, ONE], ONE),
        ("paper", [THREE], None),
        ("inactive", [ONE, THREE, TWO], THREE),
        ("archived", [ONE, TWO], TWO),
        ("draft", [], None),
    ],
)
def test_the_version_in_force_follows_from_the_status(status, versions, chosen) -> None:
    assert in_force(versions, status) is chosen
