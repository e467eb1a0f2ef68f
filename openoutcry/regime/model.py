"""A fitted model as a value: plain numbers, checked, that can be stored as JSON and named by their digest."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import AwareDatetime, Field, ValidationError, model_validator

from openoutcry.canonical import digest
from openoutcry.errors import BadInput
from openoutcry.regime.features import NAMES, VERSION
from openoutcry.regime.labels import Labelling
from openoutcry.regime.names import REGIMES, Regime
from openoutcry.types.frozen import Frozen
from openoutcry.types.timeframes import parse_timeframe

STATES = len(REGIMES)
KIND: Literal["regime_hmm"] = "regime_hmm"
SUM_ERROR = 1e-6
Row = Annotated[tuple[float, ...], Field(min_length=STATES, max_length=STATES)]
Point = Annotated[tuple[float, ...], Field(min_length=len(NAMES), max_length=len(NAMES))]
Square = Annotated[tuple[Point, ...], Field(min_length=len(NAMES), max_length=len(NAMES))]


class RegimeModel(Frozen):
    """Five Gaussian states over ``features``, how one follows another, and what each is called.

    ``transitions[i][j]`` is the probability that state j follows state i. ``trained_until`` is the close of the last
    bar it was fitted on: bars that close later are out of sample.
    """

    kind: Literal["regime_hmm"] = KIND
    features: Literal["regime-v1"] = VERSION
    timeframe: str
    seed: int
    start: Row
    transitions: Annotated[tuple[Row, ...], Field(min_length=STATES, max_length=STATES)]
    means: Annotated[tuple[Point, ...], Field(min_length=STATES, max_length=STATES)]
    covariances: Annotated[tuple[Square, ...], Field(min_length=STATES, max_length=STATES)]
    labels: Annotated[tuple[Regime, ...], Field(min_length=STATES, max_length=STATES)]
    labelling: Labelling
    trained_from: AwareDatetime
    trained_until: AwareDatetime

    @model_validator(mode="after")
    def _sound(self) -> "RegimeModel":
        if parse_timeframe(self.timeframe) != self.timeframe:
            raise ValueError("timeframe: not in its canonical form")
        if self.trained_from >= self.trained_until:
            raise ValueError("trained_from: must be before trained_until")
        for name, rows in (("start", [self.start]), ("transitions", self.transitions)):
            _probabilities(name, rows)
        for matrix in np.array(self.covariances):
            if not np.allclose(matrix, matrix.T) or np.linalg.eigvalsh(matrix)[0] <= 0.0:
                raise ValueError("covariances: must be symmetric and positive definite")
        return self

    @property
    def content_hash(self) -> str:
        """The digest of everything it is."""
        return digest(self)

    def in_sample(self, closed_at: datetime) -> bool:
        """Whether the model has seen what it would be asked about: a bar that closed at this time."""
        return closed_at <= self.trained_until


def parse_model(artefact: Any) -> RegimeModel:
    """A model from stored JSON. Raises BadInput naming what is wrong with it."""
    try:
        return RegimeModel.model_validate(artefact)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(("artefact", *(str(part) for part in first["loc"])))
        raise BadInput(f"{field}: {first['msg']}", field=field) from error


def _probabilities(name: str, rows: Sequence[Sequence[float]]) -> None:
    for row in rows:
        if min(row) < 0.0 or abs(sum(row) - 1.0) > SUM_ERROR:
            raise ValueError(f"{name}: must be probabilities that sum to 1")
