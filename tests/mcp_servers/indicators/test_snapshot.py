"""indicator_snapshot and market_context: the agents' one call a round."""

from pathlib import Path

import numpy as np
import pytest

from db.candles import CandleReader
from mcp_servers.indicators.window import WINDOW
from openoutcry.context import NAMES, VERSION
from openoutcry.errors import BadInput, DataUnavailable, NotAuthorised
from openoutcry.indicators.catalogue import parse
from openoutcry.market.candles import Candles
from tests.mcp_servers.indicators.hosting import HOUR, KEY, START, SYMBOL, ask, connected, store_walk
from wire.tokens import RoundClaims, sign_round

NAMES_ASKED = ["rsi:14", "macd:12,26,9", "bbands:20,2", "adx:14", "donchian:20", "obv", "supertrend:10,3"]


def claims(bars: int) -> RoundClaims:
    at = START + bars * HOUR
    return RoundClaims(
        session_id="s", org_id="o", seq=1, as_of=at, source="recorded", timeframe="1h", symbols=(SYMBOL,)
    )


async def test_values_are_those_of_the_last_closed_bar_and_the_one_before(tmp_path: Path) -> None:
    candles = store_walk(tmp_path, 400)
    found = await ask(
        tmp_path, "indicator_snapshot", 300, symbol="btcusdt", timeframe="1H", names=NAMES_ASKED
    )
    columns = {name: getattr(candles[:300], name) for name in ("open", "high", "low", "close", "volume")}
    for name in NAMES_ASKED:
        for output, column in parse(name).compute(columns).items():
            assert found["values"][name][output] == column[-1]
            assert found["previous"][name][output] == column[-2]
    assert found["bars"] == 300
    assert found["close"] == candles.close[299]
    assert (found["symbol"], found["timeframe"], found["source"], found["stale"]) == (
        SYMBOL,
        "1h",
        "recorded",
        False,
    )
    assert found["notes"] == {} and len(found["result_id"]) == 24


async def test_a_round_sees_nothing_newer_than_its_as_of(tmp_path: Path) -> None:
    store_walk(tmp_path, 400)
    token = sign_round({"indicators": KEY}, claims(120))
    async with connected(tmp_path, bars=400) as connection:
        arguments = {"symbol": SYMBOL, "timeframe": "1h", "names": ["rsi:14"]}
        in_round = await connection.call("indicator_snapshot", arguments, round_token=token)
        outside = await connection.call("indicator_snapshot", arguments)
        with pytest.raises(NotAuthorised):
            await connection.call("indicator_snapshot", arguments, round_token=token[:-3] + "AAA")
    assert in_round["bars"] == 120
    assert in_round["as_of"].startswith((START + 120 * HOUR).strftime("%Y-%m-%dT%H:%M"))
    assert outside["bars"] == 400


async def test_a_bar_without_a_price_is_missing_data_and_no_crash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    candles = store_walk(tmp_path, 120)
    columns = [np.array(column) for column in candles.arrays()]
    columns[4][-1] = np.nan
    monkeypatch.setattr(CandleReader, "window", lambda *_: Candles.of(*columns))
    with pytest.raises(DataUnavailable, match="no finite close"):
        await ask(tmp_path, "indicator_snapshot", 120, symbol=SYMBOL, timeframe="1h", names=["rsi:14"])


async def test_more_history_than_the_window_changes_nothing(tmp_path: Path) -> None:
    bars = WINDOW + 300
    store_walk(tmp_path / "long", bars)
    store_walk(tmp_path / "short", bars, first=300)
    arguments = {"symbol": SYMBOL, "timeframe": "1h", "names": ["ema:200", "obv", "rsi"]}
    long = await ask(tmp_path / "long", "indicator_snapshot", bars, **arguments)
    assert long == await ask(tmp_path / "short", "indicator_snapshot", bars, **arguments)


async def test_too_little_history_is_null_with_the_reason(tmp_path: Path) -> None:
    store_walk(tmp_path, 20)
    found = await ask(
        tmp_path, "indicator_snapshot", 20, symbol=SYMBOL, timeframe="1h", names=["sma:200", "rsi:14"]
    )
    assert found["values"]["sma:200"] == {"value": None}
    assert found["notes"] == {"sma:200": "too little history: needs 200 bars, there are 20"}
    assert found["values"]["rsi:14"]["value"] is not None


async def test_a_series_that_ends_before_as_of_is_called_stale(tmp_path: Path) -> None:
    store_walk(tmp_path, 50)
    assert (await ask(tmp_path, "market_context", 52, symbol=SYMBOL, timeframe="1h"))["stale"] is True


@pytest.mark.parametrize(
    ("arguments", "field", "says"),
    [
        ({"names": ["rsi:14", "rsii"]}, "names.1", "did you mean 'rsi'"),
        ({"names": []}, "names", "at least 1"),
        ({"names": ["rsi"] * 41}, "names", "at most 40"),
        ({"symbol": "??"}, "symbol", "as a symbol"),
        ({"timeframe": "7m"}, "timeframe", "unknown timeframe"),
        ({"limit": 3}, "limit", "not an argument"),
    ],
)
async def test_bad_arguments_name_their_field(
    tmp_path: Path, arguments: dict[str, object], field: str, says: str
) -> None:
    with pytest.raises(BadInput, match=says) as refused:
        await ask(
            tmp_path,
            "indicator_snapshot",
            1,
            **{"symbol": SYMBOL, "timeframe": "1h", "names": ["rsi"], **arguments},
        )
    assert refused.value.field == field


async def test_a_series_that_is_not_stored_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(DataUnavailable, match="ETH/USDT"):
        await ask(tmp_path, "indicator_snapshot", 1, symbol="ETH/USDT", timeframe="1h", names=["rsi"])


async def test_the_context_is_the_documented_list(tmp_path: Path) -> None:
    store_walk(tmp_path, 300)
    found = await ask(tmp_path, "market_context", 300, symbol=SYMBOL, timeframe="1h")
    assert list(found["features"]) == list(NAMES)
    assert found["version"] == VERSION
    assert all(np.isfinite(value) for value in found["features"].values())


async def test_the_same_question_has_the_same_id_and_another_has_another(tmp_path: Path) -> None:
    store_walk(tmp_path, 300)
    first = await ask(tmp_path, "market_context", 299, symbol=SYMBOL, timeframe="1h")
    assert first == await ask(tmp_path, "market_context", 299, symbol=SYMBOL, timeframe="1h")
    assert (
        first["result_id"]
        != (await ask(tmp_path, "market_context", 300, symbol=SYMBOL, timeframe="1h"))["result_id"]
    )
