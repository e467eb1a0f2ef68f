"""Studies: every combination is run once, whoever dies, and the same seed proposes the same."""

from contextlib import nullcontext

import numpy as np
import optuna
import pytest

from openoutcry.backtest.search.candidates import grid
from openoutcry.backtest.search.space import read_space
from openoutcry.backtest.search.trial import Trial
from openoutcry.errors import BadInput
from workers.sweeping.optuna_study import Crew, OptunaStudy, distribution
from workers.sweeping.study import MOST_LOSSES, Claim, PlannedStudy

SPACE = read_space({"a": "1:4", "b": "0.1:0.3:0.1"}, ["a != b"])
PLAN = grid(SPACE)
OPEN = read_space({"a": "1:40", "b": "0.5:2.0", "c": "x,y", "d": "1:1000:log", "e": "0.1:0.9:0.2"})


def ran(claim: Claim, score: float | None = 1.0) -> Trial:
    figures = {"total_trades": 3, "sharpe_ratio": score}
    return Trial(
        claim.number, claim.values, score, "" if score is not None else "few", figures, np.array([0.5, -0.25])
    )


class Floor:
    """Processes that share one study; each has a number and dies when it is told to."""

    def __init__(self, *, plan: bool = True, wanted: int = 12, seed: int = 3) -> None:
        self.storage = optuna.storages.InMemoryStorage()
        optuna.create_study(storage=self.storage, study_name="s", direction="maximize")
        self.alive: set[int] = set()
        self.plan, self.wanted, self.seed = plan, wanted, seed

    def process(self, number: int) -> OptunaStudy:
        self.alive.add(number)
        study = optuna.load_study(storage=self.storage, study_name="s")
        crew = Crew(number, lambda: self.alive, nullcontext)
        if self.plan:
            return OptunaStudy(
                study, SPACE, crew, plan=PLAN, order=range(len(PLAN)), wanted=len(PLAN), seed=self.seed
            )
        return OptunaStudy(study, OPEN, crew, plan=None, wanted=self.wanted, seed=self.seed)


def planned() -> PlannedStudy:
    return PlannedStudy(PLAN, range(len(PLAN)))


@pytest.mark.parametrize("make", [planned, lambda: Floor().process(1)])
def test_a_plan_is_run_once_each_in_order(make):
    study = make()
    seen = []
    while claims := study.claim(5):
        assert not study.finished()
        study.tell([ran(claim) for claim in claims])
        seen += claims
    assert [claim.values for claim in seen] == PLAN
    assert study.finished() and study.given_up == 0 and study.wanted == len(PLAN)
    assert [trial.number for trial in study.trials()] == list(range(len(PLAN)))
    assert [dict(trial.values) for trial in study.trials()] == PLAN


@pytest.mark.parametrize("make", [planned, lambda: Floor().process(1)])
def test_what_is_given_back_is_taken_again_and_what_keeps_killing_is_given_up(make):
    study = make()
    claims = study.claim(2)
    study.give_back(claims, lost=False)
    assert [claim.values for claim in study.claim(3)] == PLAN[:3]
    study = make()
    for times in range(MOST_LOSSES):
        assert study.given_up == 0
        (claim,) = study.claim(1)
        assert claim.values == PLAN[0], f"after {times} losses it is tried again"
        study.give_back([claim], lost=True)
    assert study.given_up == 1
    rest = study.claim(100)
    assert [claim.values for claim in rest] == PLAN[1:]
    assert not study.finished()
    study.tell([ran(claim) for claim in rest])
    assert study.finished() and len(study.trials()) == len(PLAN) - 1


def test_no_two_processes_get_the_same_combination():
    floor = Floor()
    one, two = floor.process(1), floor.process(2)
    taken = [claim for _ in range(4) for study in (one, two) for claim in study.claim(2)]
    assert [claim.values for claim in taken] == PLAN
    assert not one.claim(1) and not one.finished()


def test_what_the_dead_held_is_run_by_the_living_and_counted_once():
    floor = Floor()
    dead, living = floor.process(1), floor.process(2)
    held = dead.claim(4)
    dead.tell([ran(held[0])])
    floor.alive.discard(1)
    claims = living.claim(100)
    assert [claim.values for claim in claims] == PLAN[1:]
    living.tell([ran(claim, 2.0) for claim in claims])
    dead.tell([ran(claim, 9.0) for claim in held[1:]])
    assert living.finished()
    assert [trial.score for trial in living.trials()] == [1.0, *[2.0] * (len(PLAN) - 1)], (
        "a late answer is dropped"
    )


def test_a_trial_comes_back_as_it_was_told():
    study = Floor().process(1)
    claims = study.claim(2)
    study.tell([ran(claims[0], 0.1 + 0.2), ran(claims[1], None)])
    first, second = study.trials()
    assert first.score == 0.1 + 0.2 and second.score is None and second.reason == "few"
    assert first.figures == {"total_trades": 3, "sharpe_ratio": 0.1 + 0.2}
    assert first.returns.tolist() == [0.5, -0.25]


def drive(study: OptunaStudy, most: int = 1) -> list[dict]:
    seen = []
    while claims := study.claim(most):
        study.tell([ran(claim, float(claim.values["a"]) - float(claim.values["b"])) for claim in claims])
        seen += [claim.values for claim in claims]
    return seen


def test_tpe_proposes_the_same_for_the_same_seed_and_learns():
    seen = drive(Floor(plan=False, wanted=40).process(1))
    assert seen == drive(Floor(plan=False, wanted=40).process(7))
    assert seen != drive(Floor(plan=False, wanted=40, seed=4).process(1))
    assert len(seen) == 40
    assert np.mean([values["a"] for values in seen[-15:]]) > np.mean([values["a"] for values in seen[:10]])
    for values in seen:
        assert isinstance(values["a"], int) and values["c"] in ("x", "y")
        assert values["e"] in (0.1, 0.3, 0.5, 0.7, 0.9), "a step's own value, not one off by rounding"


def test_tpe_goes_on_after_a_death_to_exactly_the_number_wanted():
    floor = Floor(plan=False, wanted=12)
    dead = floor.process(1)
    dead.tell([ran(claim) for claim in dead.claim(5)])
    held = dead.claim(3)
    floor.alive.discard(1)
    living, other = floor.process(2), floor.process(3)
    again = living.claim(3)
    assert [claim.values for claim in again] == [claim.values for claim in held], (
        "what was lost is tried first"
    )
    fresh = other.claim(100)
    assert len(fresh) == 4 and not living.claim(1)
    first = [trial.values for trial in living.trials()]
    assert all(claim.values not in first for claim in fresh), (
        "a new process does not begin the proposals again"
    )
    living.tell([ran(claim) for claim in again])
    other.tell([ran(claim) for claim in fresh])
    assert living.finished() and len(living.trials()) == 12


def test_tpe_gives_up_what_keeps_killing():
    floor = Floor(plan=False, wanted=2)
    for number in range(MOST_LOSSES):
        study = floor.process(number)
        (claim,) = study.claim(1)
        floor.alive.discard(number)
    last = floor.process(9)
    (other,) = last.claim(5)
    assert other.values != claim.values and last.given_up == 1
    last.tell([ran(other)])
    assert last.finished()


def test_tpe_keeps_relations_and_says_when_it_cannot():
    study = optuna.create_study()
    crew = Crew(0, lambda: {0}, nullcontext)
    tight = read_space({"a": "1:20", "b": "1:20"}, ["a < b"])
    seen = []
    bound = OptunaStudy(study, tight, crew, plan=None, wanted=15, seed=1)
    while claims := bound.claim(1):
        bound.tell([ran(claim) for claim in claims])
        seen += claims
    assert len(seen) == 15 and all(claim.values["a"] < claim.values["b"] for claim in seen)
    never = read_space({"a": "5:9", "b": "1:5"}, ["a < b"])
    with pytest.raises(BadInput) as caught:
        OptunaStudy(optuna.create_study(), never, crew, plan=None, wanted=3, seed=1).claim(1)
    assert caught.value.field == "where"


def test_a_dimension_as_optuna_has_it_holds_every_value():
    for dimension in (
        *OPEN.dimensions,
        *SPACE.dimensions,
        *read_space({"x": "5:21:5", "y": [1, 2.5, True]}).dimensions,
    ):
        made = distribution(dimension)
        for value in () if dimension.continuous else dimension.values():
            assert made._contains(made.to_internal_repr(value))
