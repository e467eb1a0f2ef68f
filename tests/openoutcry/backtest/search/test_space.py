"""The space of parameters: what a text means, what is refused under which name, and which combinations there are."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openoutcry.backtest.search.candidates import as_method, drawn, grid
from openoutcry.backtest.search.dimension import read_dimension
from openoutcry.backtest.search.presets import find_preset
from openoutcry.backtest.search.space import MOST_COMBINATIONS, read_space, space_file
from openoutcry.errors import BadInput

FAST, SLOW = "entry[0].params.window_fast", "entry[0].params.window_slow"


@pytest.mark.parametrize(
    ("given_", "values"),
    [
        ("5:20:5", (5, 10, 15, 20)),
        ("5..20 step 5", (5, 10, 15, 20)),
        ("5:21:5", (5, 10, 15, 20)),
        ("3:5", (3, 4, 5)),
        ("0.1:0.4:0.1", (0.1, 0.2, 0.3, 0.4)),
        ("1:2:0.5", (1.0, 1.5, 2.0)),
        ("7:7", (7,)),
        ("-2:0", (-2, -1, 0)),
        ("bullish,bearish", ("bullish", "bearish")),
        ("true, false", (True, False)),
        ("1, 2.5, x", (1, 2.5, "x")),
        (12, (12,)),
        ([1, 2], (1, 2)),
        ({"low": 1, "high": 3}, (1, 2, 3)),
        ({"low": 1, "high": 2, "step": 0.5}, (1.0, 1.5, 2.0)),
        ({"choices": ["a", "b"]}, ("a", "b")),
    ],
)
def test_what_a_value_of_vary_means(given_, values):
    made = read_dimension("reward_factor", given_)
    assert made.values() == values
    assert [type(value) for value in made.values()] == [type(value) for value in values]
    assert made.extremes()[0] == values[0] and made.extremes()[-1] == values[-1]


@pytest.mark.parametrize("given_", ["1.0:4", "1..4.0", "1:100:log", {"low": 0.5, "high": 2, "log": True}])
def test_bounds_without_a_step_are_continuous(given_):
    made = read_dimension("reward_factor", given_)
    assert made.continuous
    assert made.log == ("log" in str(given_))


@pytest.mark.parametrize(
    "given_",
    [
        "9:5", "1:5:0", "1:5:-1", "0:1:log", "1:1e16", "nan:2", "1:2:3:4", "", ":", "1..", None, True, [], {}, [[1]],
        "1,1", [float("nan")], "1:200000", {"low": 1}, {"low": 1, "high": 2, "steps": 1}, {"choices": "ab"},
        {"choices": [1], "low": 1, "high": 2}, {"low": "1", "high": 2}, {"low": 1, "high": True}, {"low": 1, "high": 2, "log": 1},
        {"low": 1, "high": 2, "step": 10**400},
    ],
)  # fmt: skip
def test_a_value_that_is_refused_names_the_path(given_):
    with pytest.raises(BadInput) as caught:
        read_dimension(FAST, given_)
    assert str(caught.value.field).startswith(FAST)


@pytest.mark.parametrize(
    ("vary", "where", "field"),
    [
        ({}, [], "vary"),
        ({f"reward_factor{n}": "1:2" for n in range(51)}, [], "vary"),
        ({f"{FAST},{FAST}": "1:2"}, [], FAST),
        ({FAST: "1:2", f"{SLOW}, {FAST}": "1:2"}, [], FAST),
        ({FAST: "1:2"}, ["entry[0].params.window_fast < entry[0].params.window_slow"], "where"),
        ({FAST: "1:2"}, [7], "where"),
        ({FAST: "1:2"}, ["a b c"], "where"),
        ({FAST: "a,b", SLOW: "1:2"}, [f"{FAST} < {SLOW}"], "where"),
        ({FAST: "1:2"}, [f"{FAST} != {FAST}"] * 21, "where"),
    ],
)
def test_a_space_that_is_refused_names_what_is_wrong(vary, where, field):
    with pytest.raises(BadInput) as caught:
        read_space(vary, where)
    assert caught.value.field == field


def test_a_space_file_has_vary_and_where_and_nothing_else():
    space = space_file({"vary": {FAST: "1:3", SLOW: "2:3"}, "where": [f"{FAST} < {SLOW}"]})
    assert [tuple(values.values()) for values in space.combinations()] == [(1, 2), (1, 3), (2, 3)]
    for wrong, field in [
        ([], "space"),
        ({"vari": {}}, "vari"),
        ({"vary": []}, "vary"),
        ({"vary": {}, "where": "a"}, "where"),
    ]:
        with pytest.raises(BadInput) as caught:
            space_file(wrong)
        assert caught.value.field == field


def test_a_dimension_sets_all_of_its_paths():
    space = read_space({f"{FAST}, exit[0].params.window_fast": "5:6", SLOW: "9:9"})
    assert space.settings(next(space.combinations())) == {FAST: 5, "exit[0].params.window_fast": 5, SLOW: 9}


@given(st.lists(st.integers(1, 6), min_size=1, max_size=4))
def test_a_grid_holds_every_combination_once_in_order(sizes: list[int]):
    space = read_space({f"execution_config.f{place}": f"0:{size - 1}" for place, size in enumerate(sizes)})
    found = [tuple(values.values()) for values in grid(space)]
    assert found == list(itertools.product(*[range(size) for size in sizes]))


def test_a_grid_that_is_too_large_is_refused_with_its_number():
    space = read_space({FAST: "1:500", SLOW: "1:1000"})
    with pytest.raises(BadInput, match="500,000 combinations") as caught:
        grid(space)
    assert caught.value.field == "trials"
    with pytest.raises(BadInput, match="11,175 combinations"):
        grid(read_space({FAST: "1:150", SLOW: "1:150"}, [f"{FAST} < {SLOW}"]))
    assert len(grid(read_space({FAST: "1:110", SLOW: "1:110"}, [f"{FAST} < {SLOW}"]))) == 5995
    with pytest.raises(BadInput) as caught:
        grid(read_space({FAST: "1:9", "reward_factor": "1.0:2.0"}))
    assert caught.value.field == "reward_factor"
    with pytest.raises(BadInput) as caught:
        grid(read_space({FAST: "5:9", SLOW: "1:5"}, [f"{FAST} < {SLOW}"]))
    assert caught.value.field == "where"
    assert MOST_COMBINATIONS == 10_000


@given(st.integers(0, 1000), st.integers(1, 60), st.booleans())
def test_random_draws_are_different_possible_and_the_same_again(seed: int, trials: int, continuous: bool):
    vary = {FAST: "1:8", SLOW: "1:8"} | ({"reward_factor": "1.0:4.0:log"} if continuous else {})
    vary = {key: value.replace("1.0:4.0:log", "1:4:log") for key, value in vary.items()}
    space = read_space(vary, [f"{FAST} < {SLOW}"])
    made = drawn(space, trials, seed)
    assert made == drawn(space, trials, seed)
    assert len(made) == (trials if continuous else min(trials, 28))
    assert len({tuple(values.values()) for values in made}) == len(made)
    assert all(values[FAST] < values[SLOW] for values in made)
    assert all(1 <= values.get("reward_factor", 1) <= 4 for values in made)


def test_a_random_search_that_finds_nothing_says_so():
    with pytest.raises(BadInput) as caught:
        drawn(read_space({FAST: "1.0:2.0", SLOW: "0.0:0.5"}, [f"{FAST} < {SLOW}"]), 5, 0)
    assert caught.value.field == "where"


def test_presets_and_methods_by_name():
    assert [find_preset(name).trials for name in ("quick", "standard", "production")] == [50, 200, 1000]
    assert find_preset("production").walk_forward
    assert as_method("tpe") == "tpe"
    for read in (find_preset, as_method):
        with pytest.raises(BadInput, match="is not one of"):
            read("huge")
