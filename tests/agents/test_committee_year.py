"""A year of real hours: the committee trades both ways, now and then, on the numbers of the catalogue."""

from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from agents.roster import technical, trend
from openoutcry.indicators.catalogue import parse
from openoutcry.settings import Settings
from openoutcry.types.market import Bar, Quote, Snapshot
from openoutcry.types.record import Decision
from openoutcry.types.timeframes import from_millis
from openoutcry.types.votes import Ballot, ToolUse, Vote
from openoutcry.voting.seats import Seat
from openoutcry.voting.tally import tally
from tests.agents.floor import PERP, SPOT

CANDLES = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "spot" / "BTCUSDT_1h.parquet"
START, END = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp() * 1000) for year in (2023, 2024))
SEATS = (Seat(agent="technical"), Seat(agent="trend", weight=1.2), Seat(agent="risk", voice="risk"))
APPROVAL = Vote(agent="risk", symbol=SPOT, action="APPROVE", confidence=1.0, reasoning="calm")


class Year:
    """Candles and indicator answers, bar by bar."""

    def __init__(self) -> None:
        table = pq.read_table(CANDLES).to_pydict()
        self.at = np.array(table["timestamp"])
        self.series = {name: np.array(table[name]) for name in ("open", "high", "low", "close", "volume")}
        self.values = {name: parse(name).compute(self.series) for name in {*technical.NAMES, *trend.NAMES}}
        self.rounds = range(int(np.searchsorted(self.at, START)), int(np.searchsorted(self.at, END)) - 1)

    def answer(self, names: tuple[str, ...], index: int) -> ToolUse:
        values = {name: {k: float(v[index]) for k, v in self.values[name].items()} for name in names}
        result = {"bars": 300, "close": float(self.series["close"][index]), "values": values, "previous": {}}
        return ToolUse(
            result_id=f"r{index}", tool="indicators.indicator_snapshot", arguments={}, result=result
        )

    def look(self, index: int) -> Snapshot:
        given = {name: Decimal(str(column[index])) for name, column in self.series.items()}
        bar = Bar(opened_at=from_millis(int(self.at[index])), **given)
        quotes = {symbol: Quote(symbol=symbol, price=bar.close, bar=bar) for symbol in (SPOT, PERP)}
        return Snapshot(
            symbol=SPOT,
            hedge_symbol=PERP,
            timeframe="1h",
            seq=index,
            as_of=from_millis(int(self.at[index]) + 3_600_000),
            source="recorded",
            quote=quotes[SPOT],
            hedge=quotes[PERP],
            data_digest="",
        )

    def votes(self, index: int) -> tuple[Vote, ...]:
        view = self.look(index)
        return (
            technical.judge(view, self.answer(technical.NAMES, index)),
            trend.judge(view, self.answer(trend.NAMES, index)),
        )

    def decide(self, index: int) -> Decision:
        view, votes = self.look(index), (*self.votes(index), APPROVAL)
        return tally(view, [Ballot(agent=vote.agent, answer=vote) for vote in votes], SEATS, Settings())


@pytest.mark.skipif(not CANDLES.exists(), reason=f"needs the shared candles at {CANDLES}")
def test_trades_both_ways_and_not_every_bar() -> None:
    year = Year()
    held, stop, target = "FLAT", 0.0, 0.0
    entries: Counter[str] = Counter()
    actions: Counter[str] = Counter()
    for index in year.rounds:
        decision = year.decide(index)
        actions[decision.action] += 1
        if decision.target in ("LONG", "SHORT") and decision.target != held:
            assert decision.stop_loss is not None
            assert decision.take_profit is not None
            held, stop, target = decision.target, float(decision.stop_loss), float(decision.take_profit)
            entries[held] += 1
        low, high = year.series["low"][index + 1], year.series["high"][index + 1]
        if low <= min(stop, target) or high >= max(stop, target):
            held = "FLAT"
    assert 50 <= entries.total() <= 300, entries
    assert min(entries.values()) >= 20, entries
    assert actions["HOLD"] > len(year.rounds) / 2, actions
