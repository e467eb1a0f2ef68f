"""A search whose trials Optuna keeps: in memory, or in Postgres, where any number of processes work on it together.

A grid or random search is a plan: each trial names its place in it, so what is missing is always known. TPE proposes as it
goes. Either way a trial is RUNNING under the number of the process that took it; when that process is dead, the trial is failed
and its combination tried again. Everything about who may take what is decided under one lock.
"""

import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np
import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import FrozenTrial, TrialState

from openoutcry.backtest.search.dimension import Dimension, Value
from openoutcry.backtest.search.space import Space
from openoutcry.backtest.search.trial import Trial
from openoutcry.errors import BadInput
from workers.sweeping.study import MOST_LOSSES, Claim

optuna.logging.set_verbosity(optuna.logging.ERROR)
CLAIMED, RESULT, RETURNED = "claimed", "result", "returned"
"""Attributes of a trial: who runs it, its place in the plan and which trial it repeats; what it came to; that its owner gave it
back. Optuna stores each attribute in several statements, so there are few."""
OWNER, PLAN, AGAIN = "owner", "plan", "again"
RAN = (TrialState.COMPLETE, TrialState.PRUNED)
PROPOSALS = 200
"""What TPE may propose before it is said that no combination keeps the relations."""


@dataclass(frozen=True)
class Crew:
    """Who works on a study: this process's number, those that live, and the lock to take trials under."""

    me: int
    alive: Callable[[], set[int]]
    lock: Callable[[], AbstractContextManager[Any]]


class OptunaStudy:
    """The trials of one Optuna study. ``plan`` is None for TPE, which makes ``wanted`` proposals from ``seed`` on."""

    def __init__(
        self,
        study: optuna.Study,
        space: Space,
        crew: Crew,
        *,
        plan: Sequence[dict[str, Value]] | None,
        order: Sequence[int] = (),
        wanted: int,
        seed: int,
    ) -> None:
        self._study, self._space, self._crew = study, space, crew
        self._storage = study._storage  # told directly: Study.tell reads each trial three times over
        self._plan, self._order, self.wanted, self._seed = plan, order, wanted, seed
        self._ready = False
        self._distributions = {one.name: distribution(one) for one in space.dimensions}

    def claim(self, most: int) -> list[Claim]:
        """Under the lock: free what the dead held, then take what is free."""
        with self._crew.lock():
            frozen = self._bury(self._frozen())
            if self._plan is None:
                return self._proposed(frozen, most)
            return [
                self._take(self._plan[place], {PLAN: place}, len(frozen) + offset)
                for offset, place in enumerate(self._open(frozen)[:most])
            ]

    def tell(self, trials: Sequence[Trial]) -> None:
        """Store each result, then close its trial. One that was taken from us as dead is not ours to tell any more."""
        ids = {one.number: one._trial_id for one in self._frozen()}
        for trial in trials:
            try:
                self._storage.set_trial_user_attr(ids[trial.number], RESULT, _result(trial))
                self._close(ids[trial.number], trial.score)
            except optuna.exceptions.UpdateFinishedTrialError:
                continue

    def give_back(self, claims: Sequence[Claim], *, lost: bool) -> None:
        """Fail the trials, and unless they were lost say that nobody died of them."""
        ids = {one.number: one._trial_id for one in self._frozen() if not one.state.is_finished()}
        for claim in claims:
            if claim.number in ids:
                if not lost:
                    self._storage.set_trial_user_attr(ids[claim.number], RETURNED, True)
                self._storage.set_trial_state_values(ids[claim.number], TrialState.FAIL)

    def _close(self, trial_id: int, score: float | None) -> None:
        if score is None:
            self._storage.set_trial_state_values(trial_id, TrialState.PRUNED)
        else:
            self._storage.set_trial_state_values(trial_id, TrialState.COMPLETE, [score])

    def finished(self) -> bool:
        """Every wanted trial ran or was given up."""
        frozen = self._frozen()
        ran = _places(frozen) if self._plan is not None else _ran(frozen)
        return len(ran) + self._given_up(frozen) >= self.wanted

    def trials(self) -> list[Trial]:
        """Those that ran; of a place that ran twice, the first."""
        seen: set[int] = set()
        made = []
        for one in _ran(self._frozen()):
            place = _said(one, PLAN)
            if place is None or place not in seen:
                seen.add(-1 if place is None else place)
                made.append(self._trial(one))
        return made

    @property
    def given_up(self) -> int:
        """Combinations that ended their process three times."""
        return self._given_up(self._frozen())

    def _frozen(self) -> list[FrozenTrial]:
        return self._study.get_trials(deepcopy=False)

    def _bury(self, frozen: list[FrozenTrial]) -> list[FrozenTrial]:
        """Fail what belongs to nobody alive."""
        alive = self._crew.alive()
        dead = [one for one in frozen if one.state == TrialState.RUNNING and _said(one, OWNER) not in alive]
        for one in dead:
            self._storage.set_trial_state_values(one._trial_id, TrialState.FAIL)
        return self._frozen() if dead else frozen

    def _open(self, frozen: list[FrozenTrial]) -> list[int]:
        assert self._plan is not None
        taken = {
            _said(one, PLAN) for one in frozen if one.state in (*RAN, TrialState.RUNNING)
        } | self._hopeless(frozen)
        return [place for place in self._order if place not in taken]

    def _hopeless(self, frozen: list[FrozenTrial]) -> set[int]:
        key = PLAN if self._plan is not None else AGAIN
        lost = Counter(_said(one, key, one.number) for one in frozen if _lost(one))
        return {place for place, times in lost.items() if times >= MOST_LOSSES}

    def _given_up(self, frozen: list[FrozenTrial]) -> int:
        places = _places(frozen) if self._plan is not None else set()
        return len(self._hopeless(frozen) - places)

    def _proposed(self, frozen: list[FrozenTrial], most: int) -> list[Claim]:
        """First again what its process died of or gave back, then new ones, up to the number wanted."""
        running = sum(one.state == TrialState.RUNNING for one in frozen)
        free = self.wanted - len(_ran(frozen)) - running - self._given_up(frozen)
        tried_again = {_said(one, AGAIN) for one in frozen if not _lost(one) and not _gave(one)}
        hopeless, claims = self._hopeless(frozen), list[Claim]()
        for one in frozen:
            root = _said(one, AGAIN, one.number)
            again = (_lost(one) or _gave(one)) and set(one.params) == set(self._distributions)
            if again and len(claims) < min(free, most) and root not in tried_again | hopeless:
                tried_again.add(root)
                values = self._values(one.params)
                claims.append(self._take(values, {AGAIN: root}, len(frozen) + len(claims)))
        self._prepare(len(frozen))
        while len(claims) < min(free, most):
            claims.append(self._ask())
        return claims

    def _prepare(self, count: int) -> None:
        """Seed TPE: whoever comes when there are trials already must not propose the first ones again."""
        if not self._ready:
            seed = self._seed if not count else (self._seed + 1_000_003 * count + self._crew.me) % 2**31
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
                self._study.sampler = optuna.samplers.TPESampler(
                    seed=seed, multivariate=True, constant_liar=True
                )
            self._ready = True

    def _ask(self) -> Claim:
        for _ in range(PROPOSALS):
            asked = self._study.ask(self._distributions)
            asked.set_user_attr(CLAIMED, {OWNER: self._crew.me})
            values = self._values(asked.params)
            if self._space.possible(values):
                return Claim(asked.number, values)
            self._study.tell(asked.number, state=TrialState.PRUNED)
        raise BadInput(f"where: {PROPOSALS} proposals in a row break the relations", field="where")

    def _take(self, values: dict[str, Value], attributes: dict[str, Any], number: int) -> Claim:
        """A new RUNNING trial of ours. Under the lock nobody else adds one, so its number is known."""
        self._study.add_trial(
            optuna.create_trial(
                state=TrialState.RUNNING,
                params=dict(values),
                distributions=self._distributions,
                user_attrs={CLAIMED: {OWNER: self._crew.me, **attributes}},
            )
        )
        return Claim(number, dict(values))

    def _values(self, params: dict[str, Any]) -> dict[str, Value]:
        return {one.name: _on_grid(one, params[one.name]) for one in self._space.dimensions}

    def _trial(self, one: FrozenTrial) -> Trial:
        kept = one.user_attrs[RESULT]
        number = _said(one, PLAN, one.number)
        returns = np.array(kept["returns"], dtype=np.float64)
        return Trial(
            number, self._values(one.params), kept["score"], kept["reason"], kept["figures"], returns
        )


def distribution(dimension: Dimension) -> BaseDistribution:
    """A dimension as Optuna has it."""
    if dimension.choices:
        return CategoricalDistribution(dimension.choices)
    low, high, step = dimension.low, dimension.high, dimension.step
    if isinstance(low, int) and isinstance(step, int):
        return IntDistribution(low, low + (int(high) - low) // step * step, step=step)
    if step is not None:
        return FloatDistribution(float(low), float(dimension.values()[-1]), step=float(step))
    return FloatDistribution(float(low), float(high), log=dimension.log)


def _on_grid(dimension: Dimension, value: Any) -> Value:
    """The dimension's own value: Optuna's steps of floats are off by rounding."""
    if dimension.continuous or dimension.choices or isinstance(value, int):
        return value  # type: ignore[no-any-return]
    return min(dimension.values(), key=lambda own: abs(float(own) - float(value)))


def _result(trial: Trial) -> dict[str, Any]:
    return {
        "score": trial.score,
        "reason": trial.reason,
        "figures": dict(trial.figures),
        "returns": trial.returns.tolist(),
    }


def _ran(frozen: Iterable[FrozenTrial]) -> list[FrozenTrial]:
    return [one for one in frozen if one.state in RAN and RESULT in one.user_attrs]


def _places(frozen: Iterable[FrozenTrial]) -> set[int]:
    return {_said(one, PLAN) for one in _ran(frozen)}


def _said(one: FrozenTrial, what: str, otherwise: int | None = None) -> Any:
    return one.user_attrs.get(CLAIMED, {}).get(what, otherwise)


def _gave(one: FrozenTrial) -> bool:
    return one.state == TrialState.FAIL and RETURNED in one.user_attrs


def _lost(one: FrozenTrial) -> bool:
    return one.state == TrialState.FAIL and RETURNED not in one.user_attrs
