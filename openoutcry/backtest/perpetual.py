"""What makes a position a perpetual's."""

from pydantic import Field, model_validator

from openoutcry.strategy.strict import Contradiction
from openoutcry.types.frozen import Frozen


class Perpetual(Frozen):
    """Margin of a perpetual, isolated by position: each is opened with notional / leverage of its own, may be short, and
    is liquidated, all its margin lost, when what is left of that margin falls to ``maintenance_margin`` of its notional."""

    leverage: float = Field(default=1.0, ge=1.0, le=125.0)
    maintenance_margin: float = Field(default=0.005, ge=0.0, lt=1.0)

    @model_validator(mode="after")
    def _can_be_opened(self) -> "Perpetual":
        if self.maintenance_margin * self.leverage >= 1.0:
            raise Contradiction(
                f"leverage {self.leverage:g} leaves less margin than maintenance_margin {self.maintenance_margin:g}",
                "leverage",
                "maintenance_margin",
            )
        return self
