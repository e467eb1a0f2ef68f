"""detect_regime."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from db.candles import CandleReader, CandleStore, Series
from db.models.rows import ModelVersion
from db.regimes.force import InForce
from mcp_servers.indicators.deps import IndicatorsDeps
from mcp_servers.indicators.server import build
from mcp_servers.toolkit import Hosting, Present
from openoutcry.errors import BadInput, DataUnavailable
from openoutcry.market.candles import Candles
from openoutcry.regime.detection import NEEDED_BARS, detect
from openoutcry.regime.model import RegimeModel
from openoutcry.regime.names import REGIMES
from openoutcry.regime.settings import RegimeSettings
from openoutcry.settings import Settings
from tests.mcp_servers.indicators.hosting import HOUR, KEY, START, SYMBOL, store_walk
from tests.openoutcry.regime.markets import planted
from wire.connect import Connection
from wire.strategies import load_trading_defaults

CALLED = {name.upper() for name in REGIMES}


class Given:
    """One model, whatever is asked for."""

    def __init__(self, model: RegimeModel) -> None:
        self._model = model

    async def need(self, series: Series) -> InForce:
        made = datetime(2024, 1, 1, tzinfo=UTC)
        version = ModelVersion(
            UUID(int=1), "regime-test", "regime_hmm", "1.2.0", (1, 2, 0), "Production", {}, {}, "", 0,
            self._model.trained_from, self._model.trained_until, "", "me", made, made, None,
        )  # fmt: skip
        return InForce(version, self._model)


async def ask(home: Path, bars: int, model: RegimeModel | None = None, **arguments: Any) -> dict[str, Any]:
    """One call at the close of bar number ``bars``."""
    deps = IndicatorsDeps(CandleReader(home), "binance", load_trading_defaults(home))
    if model is not None:
        deps = replace(deps, models=Given(model))

    async def present() -> Present:
        return Present(START + bars * HOUR, "recorded")

    connection = Connection("indicators", build(Hosting(deps, present, KEY, ("ind:read",))))
    try:
        return await connection.call("detect_regime", arguments)
    finally:
        await connection.close()


async def test_it_says_what_the_pure_code_says(tmp_path: Path) -> None:
    candles = store_walk(tmp_path, 900)
    model = planted(trained_until=START)
    found = await ask(tmp_path, 800, model, symbol="btcusdt", timeframe="60m")
    expected = detect(candles[:800], "1h", model, RegimeSettings())
    assert (found["symbol"], found["timeframe"], found["bars"]) == (SYMBOL, "1h", 800)
    assert found["regime"] == expected.regime.upper() and found["confidence"] == expected.confidence
    assert set(found["probabilities"]) == set(found["transition_probabilities"]) == CALLED
    assert found["features"] == expected.features
    assert found["parameters"] == expected.parameters.model_dump()
    assert found["model"]["version"] == "1.2.0" and found["model"]["labelling"] == "one_to_one"
    own = Settings().risk
    assert 0 < found["risk"]["max_position_size"] <= own.max_position_size
    assert datetime.fromisoformat(found["closed_at"]) == START + 800 * HOUR
    assert not found["stale"]
    assert (await ask(tmp_path, 903, model, symbol=SYMBOL))["stale"]


async def test_later_bars_are_not_seen(tmp_path: Path) -> None:
    store_walk(tmp_path / "one", 700)
    candles = store_walk(tmp_path / "two", 700)
    CandleStore(tmp_path / "two").merge(
        Series("binance", SYMBOL, "1h"),
        Candles.of(candles.timestamp[-1:] + 3_600_000, [1e6], [1e6], [1e6], [1e6], [1.0]),
    )
    model = planted(trained_until=START)
    first, second = [await ask(tmp_path / home, 700, model, symbol=SYMBOL) for home in ("one", "two")]
    assert first == second


async def test_without_a_model_it_says_where_they_are(tmp_path: Path) -> None:
    store_walk(tmp_path, 400)
    with pytest.raises(DataUnavailable, match="no regime model of binance BTC/USDT 1h"):
        await ask(tmp_path, 400, symbol=SYMBOL)


async def test_what_it_cannot_say(tmp_path: Path) -> None:
    store_walk(tmp_path, 400)
    model = planted(trained_until=START)
    with pytest.raises(DataUnavailable, match=f"needs {NEEDED_BARS} closed bars of 1h, there are 50"):
        await ask(tmp_path, 50, model, symbol=SYMBOL)
    with pytest.raises(DataUnavailable, match="with hindsight"):
        await ask(tmp_path, 400, planted(trained_until=START + 400 * HOUR), symbol=SYMBOL)
    with pytest.raises(DataUnavailable, match="no closed 1h candle of SOL/USDT"):
        await ask(tmp_path, 400, model, symbol="SOL/USDT")
    for wrong, field in (({"symbol": "?"}, "symbol"), ({"symbol": SYMBOL, "timeframe": "7h"}, "timeframe")):
        with pytest.raises(BadInput) as caught:
            await ask(tmp_path, 400, model, **wrong)
        assert caught.value.field == field
