"""A session's figures are a fold over its records, and their stored form folds on."""

import math
import statistics
from decimal import Decimal

from openoutcry.ledger.announce import KnownOrder, announce
from openoutcry.ledger.projection import project
from openoutcry.ledger.stats import SessionStats, after
from tests.factories import Session, facts_of

FACTS = facts_of(7)
RECORDS = Session(seed=7).run(60)


def test_figures_agree_with_the_records():
    stats = SessionStats()
    for record in RECORDS:
        stats = after(stats, record, FACTS)
        stats = SessionStats.model_validate_json(stats.model_dump_json())
    rounds = [r for r in RECORDS if r.kind == "ROUND"]
    last = RECORDS[-1]
    assert (stats.records, stats.rounds, stats.aborted) == (len(RECORDS), 60, 1)
    assert stats.buys + stats.sells + stats.holds == 60
    assert stats.fills == sum(f.kind == "TRADE" for r in RECORDS for f in r.fills)
    assert stats.orders + stats.refused == sum(len(r.orders) for r in RECORDS)
    assert stats.total_pnl == last.equity - Decimal(10_000)
    assert stats.trades == last.portfolio_after.trades == stats.wins + stats.losses
    drawdowns = [project(r, FACTS).equity.drawdown for r in RECORDS]
    assert stats.max_drawdown == max(drawdowns)
    equity = [r.equity for r in RECORDS]
    returns = [
        float(now / before - 1)
        for before, now, r in zip(equity, equity[1:], RECORDS[1:], strict=False)
        if r.kind == "ROUND"
    ]
    assert stats.returns_count == len(returns)
    expected = statistics.mean(returns) / statistics.stdev(returns) * math.sqrt(8760)
    assert math.isclose(stats.sharpe("1h"), expected, rel_tol=1e-9)
    assert len(rounds) == 60


def test_no_sharpe_from_nothing():
    assert SessionStats().sharpe("1h") is None


def test_clients_hear_every_order_fill_and_position():
    known = {}
    for record in RECORDS:
        rows = project(record, FACTS)
        known |= {o.id: KnownOrder(o.symbol, o.side, o.type, o.quantity) for o in rows.orders}
        events = announce(record, FACTS, rows, known)
        heard = [event.type for event in events]
        assert heard.count("order_update") == len(rows.orders) + len(rows.order_changes)
        assert heard.count("trade") == sum(fill.kind == "TRADE" for fill in rows.fills)
        assert heard.count("position_update") == len(rows.positions)
        assert all(event.data["source"] == "recorded" for event in events)
        assert all(event.data["symbol"] for event in events)
