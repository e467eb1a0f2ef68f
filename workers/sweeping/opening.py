"""Opening the studies of a sweep: in this process's memory, or in Postgres for as many processes as like to join."""

from contextlib import nullcontext
from typing import TYPE_CHECKING, Literal

from db.sweeps import SCHEMA, Sweep, SweepStore
from openoutcry.backtest.search.candidates import drawn, grid, sharing_order
from openoutcry.backtest.search.dimension import Value
from openoutcry.backtest.search.objective import Objective
from openoutcry.backtest.search.space import Space
from openoutcry.backtest.search.spec import SweepSpec
from workers.sweeping.study import PlannedStudy, Study

if TYPE_CHECKING:
    from optuna.storages import RDBStorage


class Studies:
    """Makes the study of each part of a sweep: ``all`` rows, and each split's training."""

    def __init__(
        self,
        spec: SweepSpec,
        space: Space,
        objective: Objective,
        store: SweepStore | None,
        sweep: Sweep | None,
    ) -> None:
        self._spec, self._space, self._objective = spec, space, objective
        self._store, self._sweep = store, sweep
        self.plan = plan_of(spec, space)
        self._order = sharing_order(self.plan, space) if self.plan is not None else []

    def open(self, part: str) -> Study:
        """The study of a part, with what was run of it before where it is stored."""
        if self._store is None and self.plan is not None:
            return PlannedStudy(self.plan, self._order)
        import optuna  # a second of imports that a grid in memory does not need

        from workers.sweeping.optuna_study import Crew, OptunaStudy

        direction: Literal["maximize", "minimize"] = "maximize" if self._objective.greatest else "minimize"
        if self._store is None or self._sweep is None:
            study, crew = optuna.create_study(direction=direction), Crew(0, lambda: {0}, nullcontext)
        else:
            store, sweep = self._store, self._sweep
            with store.claiming(sweep):
                study = optuna.create_study(
                    storage=_storage(store.url),
                    study_name=f"{store.org_id}/{sweep.name}/{part}",
                    direction=direction,
                    load_if_exists=True,
                )
            crew = Crew(store.join(), store.alive, lambda: store.claiming(sweep))
        return OptunaStudy(
            study,
            self._space,
            crew,
            plan=self.plan,
            order=self._order,
            wanted=self._spec.trials if self.plan is None else len(self.plan),
            seed=self._spec.seed,
        )


def plan_of(spec: SweepSpec, space: Space) -> list[dict[str, Value]] | None:
    """Every combination in order; None where TPE finds them as it goes. Raises BadInput as the candidates do."""
    if spec.method == "grid":
        return grid(space)
    return drawn(space, spec.trials, spec.seed) if spec.method == "random" else None


def _storage(url: str) -> "RDBStorage":
    import optuna
    from sqlalchemy import make_url

    return optuna.storages.RDBStorage(
        make_url(url).set(drivername="postgresql+psycopg").render_as_string(hide_password=False),
        engine_kwargs={
            "connect_args": {"options": f"-c search_path={SCHEMA}", "application_name": "open-outcry-sweep"},
            "pool_size": 2,
            "pool_pre_ping": True,
        },
    )
