"""When an alert is raised: what holds for every rule and every course of a figure."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openoutcry.alerts.condition import OPERATORS, read_condition
from openoutcry.alerts.deciding import Standing, decide
from openoutcry.alerts.rule import FIGURES, read_rule, starting_rules
from openoutcry.errors import BadInput

NOW = datetime(2025, 1, 15, tzinfo=UTC)
NUMBERS = st.integers(-50, 50).map(lambda n: n / 10)


def rule(condition="> 1", cooldown=60, hysteresis=0.0, enabled=True):
    return read_rule(
        name="r", metric_name="leverage", condition=condition, cooldown_period=cooldown, hysteresis=hysteresis,
        enabled=enabled,
    )  # fmt: skip


def course(made, values, every_s):
    """When it was raised, by number of the reading."""
    standing, fired = Standing(), []
    for number, value in enumerate(values):
        fire, standing = decide(made, standing, value, NOW + timedelta(seconds=every_s * number))
        if fire:
            fired.append(number)
    return fired


@given(
    sign=st.sampled_from((">", ">=", "<", "<=")), threshold=NUMBERS, hysteresis=st.sampled_from((0.0, 0.5, 2.0)),
    cooldown=st.integers(0, 300), every=st.integers(1, 100), values=st.lists(NUMBERS, max_size=60),
)  # fmt: skip
def test_what_always_holds(sign, threshold, hysteresis, cooldown, every, values):
    made = rule(f"{sign} {threshold}", cooldown, hysteresis)
    fired = course(made, values, every)
    for number in fired:
        assert OPERATORS[sign](values[number], threshold)
    for before, after in pairwise(fired):
        assert (after - before) * every >= cooldown
        far = threshold - hysteresis if ">" in sign else threshold + hysteresis
        assert any(not OPERATORS[sign](value, far) for value in values[before + 1 : after])
    holding = [n for n, value in enumerate(values) if OPERATORS[sign](value, threshold)]
    assert fired[:1] == holding[:1]


def test_a_breach_that_lasts_is_said_once_and_trembling_is_not_repeated():
    made = rule("> 1", cooldown=0, hysteresis=0.5)
    assert course(made, [2, 2, 2], 60) == [0]
    assert course(made, [2, 0.8, 2, 0.5, 2], 60) == [0, 4]
    assert course(rule("> 1", 0, 0.0), [2, 0.8, 2], 60) == [0, 2]


def test_a_new_breach_waits_for_the_cooldown_and_is_then_said():
    assert course(rule("> 1", cooldown=150), [2, 0, 2, 2, 2], 60) == [0, 3]


def test_a_rule_that_is_off_says_nothing():
    assert course(rule(enabled=False), [2, 2], 60) == []


@pytest.mark.parametrize(
    "text",
    ["", "0.8", "> ", "> nan", "> inf", "> 1e3", ">> 1", "> 1 or True", "=> 1", "> 1,5", "> " + "9" * 16],
)
def test_what_is_no_condition_is_refused(text):
    with pytest.raises(BadInput) as caught:
        read_condition(text)
    assert caught.value.field == "condition"


@given(sign=st.sampled_from(sorted(OPERATORS)), threshold=NUMBERS)
def test_a_condition_is_written_as_it_is_read(sign, threshold):
    read = read_condition(f" {sign}{threshold} ")
    assert read_condition(str(read)) == read


BAD = [
    ({"metric_name": "mood"}, "metric_name"), ({"severity": "fatal"}, "severity"), ({"name": " "}, "name"),
    ({"channels": ["sms"]}, "channels"), ({"cooldown_period": -1}, "cooldown_period"),
    ({"hysteresis": float("inf")}, "hysteresis"), ({"condition": "== 1", "hysteresis": 1.0}, "hysteresis"),
    ({"message_template": "{value.__class__}"}, "message_template"), ({"message_template": "{0}"}, "message_template"),
    ({"message_template": "a\nb"}, "message_template"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "field"), BAD)
def test_a_rule_names_what_is_wrong_with_it(change, field):
    with pytest.raises(BadInput) as caught:
        read_rule(**{"name": "r", "metric_name": "leverage", "condition": "> 1", **change})
    assert caught.value.field == field


def test_the_starting_rules_are_the_documents():
    said = {
        made.metric_name: (str(made.condition), made.severity, made.cooldown_period)
        for made in starting_rules()
    }
    assert said["max_drawdown"] == ("> 0.1", "error", 1800)
    assert said["sharpe_ratio"] == ("< 0.5", "warning", 3600)
    assert len(said) == 10 and said.keys() <= FIGURES.keys()
    assert starting_rules()[0].message(0.25) == "Sharpe ratio is 0.25"
