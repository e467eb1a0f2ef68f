"""correlation_matrix."""

from pathlib import Path

import numpy as np
import pytest

from openoutcry.errors import BadInput, DataUnavailable
from tests.mcp_servers.indicators.hosting import ask, store_walk


async def test_pairs_are_correlated_over_the_bars_they_share(tmp_path: Path) -> None:
    one = store_walk(tmp_path, 300, symbol="BTC/USDT", seed=1)
    two = store_walk(tmp_path, 300, symbol="ETH/USDT", seed=2, first=100)
    found = await ask(tmp_path, "correlation_matrix", 300, symbols=["btcusdt", "ETH/USDT"], last=500)
    expected = np.corrcoef(np.diff(np.log(one.close[100:])), np.diff(np.log(two.close[100:])))
    assert found["symbols"] == ["BTC/USDT", "ETH/USDT"]
    assert (found["bars"], found["timeframe"]) == (200, "1h")
    np.testing.assert_allclose(found["matrix"], expected, rtol=1e-9)


async def test_what_cannot_be_correlated_is_refused(tmp_path: Path) -> None:
    store_walk(tmp_path, 50, symbol="BTC/USDT")
    store_walk(tmp_path, 50, symbol="ETH/USDT", first=48)
    with pytest.raises(BadInput, match="named twice"):
        await ask(tmp_path, "correlation_matrix", 50, symbols=["BTC/USDT", "btc-usdt"])
    with pytest.raises(DataUnavailable, match="share 2 bars"):
        await ask(tmp_path, "correlation_matrix", 50, symbols=["BTC/USDT", "ETH/USDT"])
    with pytest.raises(DataUnavailable, match="SOL/USDT"):
        await ask(tmp_path, "correlation_matrix", 50, symbols=["BTC/USDT", "SOL/USDT"])
