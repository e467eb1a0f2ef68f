"""What a report is made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from openoutcry.backtest.metrics import Metrics
from openoutcry.backtest.outcome import Outcome
from openoutcry.backtest.preflight import Preflight
from openoutcry.backtest.request.model import BacktestRequest
from openoutcry.backtest.sanity import Warned
from openoutcry.backtest.sleeves import Together


@dataclass(frozen=True, slots=True)
class Assets:
    """The texts that every report carries: our style and script, the charting library's, and its licence."""

    style: str
    script: str
    chart_style: str
    chart_script: str
    chart_licence: str


@dataclass(frozen=True, slots=True, eq=False)
class Reported:
    """A finished backtest. ``provenance`` is shown as it is, name and value."""

    request: BacktestRequest
    outcomes: Mapping[str, Outcome]
    together: Together
    preflight: Preflight
    warnings: Sequence[Warned]
    provenance: Mapping[str, str]
    rules: Sequence[Mapping[str, Any]]

    @property
    def metrics(self) -> Metrics:
        """The figures of the whole account."""
        return self.together.metrics

    @property
    def quote(self) -> str:
        """The currency of all amounts."""
        return self.request.symbols[0].partition("/")[2].partition(":")[0]
