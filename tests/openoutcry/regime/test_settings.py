"""The table of parameters as documented, as shipped, and what it does to the floor's limits."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openoutcry.errors import BadConfig
from openoutcry.regime.names import BANDS
from openoutcry.regime.settings import RegimeSettings, RegimeTable
from openoutcry.regime.sizing import within
from openoutcry.settings import RiskSettings, parse
from wire.config import load_settings

TABLE = """
bull      0.20  1.5  0.15  1.2  1.5  1.2   trend_following
bear      0.30  0.5  0.08  0.7  0.8  0.7   mean_reversion
sideways  0.15  1.0  0.10  1.0  1.0  1.0   range_trading
crisis    0.50  0.2  0.05  0.3  0.5  0.4   defensive
recovery  0.25  1.2  0.10  1.1  1.2  0.8   momentum
unknown   0.20  0.8  0.10  0.8  0.9  -     balanced
"""
ROWS = [line.split() for line in TABLE.strip().splitlines()]


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_each_row_is_the_documented_one(row: list[str], tmp_path: Path) -> None:
    shipped = load_settings(tmp_path).regimes.parameters.of(row[0])
    assert [
        f"{float(v):g}" if isinstance(v, int | float) else v or "-" for v in shipped.model_dump().values()
    ] == [f"{float(text):g}" if text[0].isdigit() else text for text in row[1:]]


def test_what_is_shipped_is_what_is_meant_without_files(tmp_path: Path) -> None:
    assert load_settings(tmp_path).regimes == RegimeSettings()
    assert RegimeTable().of(None) == RegimeTable().unknown
    assert set(BANDS) == set(RegimeTable.model_fields)


@pytest.mark.parametrize(
    ("mapping", "field"),
    [
        ({"parameters": {"mega_bull": {}}}, "regimes.parameters.mega_bull"),
        ({"parameters": {"bull": {"position_limit": 0.1}}}, "regimes.parameters.bull.volatility_threshold"),
        ({"min_confidence": 1.5}, "regimes.min_confidence"),
        ({"min_confidence": float("nan")}, "regimes.min_confidence"),
        ({"confirm_window": 0}, "regimes.confirm_window"),
        ({"trains": True}, "regimes.trains"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(mapping: dict, field: str) -> None:
    with pytest.raises(BadConfig) as caught:
        parse({"regimes": mapping})
    assert caught.value.field == field


@given(
    regime=st.sampled_from([row[0] for row in ROWS]),
    trade=st.floats(0, 1),
    size=st.floats(0, 1),
    gross=st.floats(0, 10),
    stop=st.floats(0.001, 0.999),
)
def test_limits_only_ever_tighten(regime: str, trade: float, size: float, gross: float, stop: float) -> None:
    own = RiskSettings(
        risk_per_trade=trade, max_position_size=size, max_gross_exposure=gross, default_stop_loss=stop
    )
    found = within(own, RegimeTable().of(regime))
    assert found.risk_per_trade <= own.risk_per_trade
    assert found.max_position_size <= own.max_position_size
    assert found.max_gross_exposure <= own.max_gross_exposure
    assert RiskSettings.model_validate(found.model_dump()) == found


def test_a_crisis_leaves_a_third_of_the_risk_and_a_fifth_of_the_exposure() -> None:
    found = within(RiskSettings(), RegimeTable().crisis)
    assert found.risk_per_trade == pytest.approx(0.003) and found.max_position_size == 0.05
    assert found.max_gross_exposure == pytest.approx(0.2) and found.default_stop_loss == pytest.approx(0.01)
