"""What is asked of a training."""

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field, ValidationError, model_validator

from openoutcry.errors import BadInput
from openoutcry.regime.features import LEAST_BARS as FEATURE_BARS
from openoutcry.types.frozen import Frozen
from openoutcry.types.symbols import canonical
from openoutcry.types.timeframes import parse_timeframe

KIND = "regime_training"
SEED = 42
LEAST_ROWS = 500
"""Bars with all features known that a fit needs."""
HOLDOUT = 0.2
LEAST_BARS = FEATURE_BARS - 1 + int(LEAST_ROWS / (1 - HOLDOUT)) + 1
"""Bars needed for a training that holds out as much as usual."""


class TrainingRequest(Frozen):
    """Which market's bars to fit, and what to do with the result.

    Bars that opened at ``begin`` or later (by default the newest ``bars``) and closed at ``until`` are used; the newest
    ``holdout`` of them measure the model and are not fitted. ``promote``: into production, always or only if no version
    is there yet; else the version is registered and waits.
    """

    exchange: Annotated[str, Field(min_length=1, max_length=40)]
    symbol: Annotated[str, Field(max_length=40)]
    timeframe: Annotated[str, Field(max_length=10)]
    begin: AwareDatetime | None = None
    until: AwareDatetime
    bars: Annotated[int, Field(ge=LEAST_BARS, le=1_000_000)] = 12_000
    holdout: Annotated[float, Field(gt=0.0, le=0.5)] = HOLDOUT
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = SEED
    promote: Literal["always", "if_none", "no"] = "no"

    @model_validator(mode="after")
    def _ordered(self) -> "TrainingRequest":
        if self.begin is not None and self.begin >= self.until:
            raise ValueError("begin: must be before until")
        return self


def parse_request(body: Any) -> TrainingRequest:
    """A request from outside, its names brought to canonical form. Raises BadInput naming the field."""
    try:
        asked = TrainingRequest.model_validate(body)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or first["msg"].split(": ")[-2].removeprefix(
            "Value error, "
        )
        raise BadInput(f"{field}: {first['msg'].removeprefix('Value error, ')}", field=field) from error
    names = {"symbol": canonical(asked.symbol), "timeframe": parse_timeframe(asked.timeframe)}
    return asked.model_copy(update=names)
