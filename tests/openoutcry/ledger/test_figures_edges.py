"""The books, outcomes and figures of a session at their edges: by hand, to the unit."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from openoutcry.ledger.outcomes import Case, Judging, due, judging, rebuild
from openoutcry.ledger.projection import project
from openoutcry.ledger.stats import SessionStats, after
from openoutcry.portfolio import Marked, lost, mark, opening, roll_day
from openoutcry.settings import Settings
from openoutcry.types.record import CycleRecord
from tests.factories import HOUR, SETTINGS, START, Session, facts_of
from tests.openoutcry.test_portfolio import PERP, SPOT, book, fill

D = Decimal
FACTS = facts_of(7)
RECORDS = Session(seed=7).run(60)
EXACT = Judging(cost=D("0.01"), calm=D("0.05"))


def marked(equity: Any, gross: Any = 50, net: Any = -20) -> Marked:
    return Marked(D(equity), {}, D(gross), D(net), 0.0)


def test_exposure_is_a_share_of_equity_and_none_of_nothing() -> None:
    assert (marked(200).gross_exposure, marked(200).net_exposure) == (0.25, -0.1)
    assert (marked("0.5").gross_exposure, marked("0.5").net_exposure) == (100.0, -40.0)
    for equity in (0, -1):
        assert (marked(equity).gross_exposure, marked(equity).net_exposure) == (None, None)


@pytest.mark.parametrize(
    ("before", "now", "share"),
    [(100, 75, "0.25"), (100, 125, "-0.25"), ("0.5", "0.25", "0.5"), (0, 5, 0), (-5, 5, 0)],
)
def test_what_is_lost_is_a_share_of_what_was(before: Any, now: Any, share: Any) -> None:
    assert lost(D(before), D(now)) == D(share)


def test_an_even_end_is_neither_won_nor_lost_and_a_cent_is_one() -> None:
    for sold, wins, losses in (("100", 0, 0), ("100.5", 1, 0), ("99.5", 0, 1)):
        held, _ = book(opening("USDT", D(1000)), fill("entry", "BUY", "1", "100"))
        done, closed = book(held, fill("exit", "SELL", "1", sold, trade_id="T-2"))
        assert (done.trades, done.wins, done.losses, len(closed)) == (1, wins, losses, 1)


def test_a_fill_that_leaves_less_than_one_unit_over_still_opens_it() -> None:
    held, _ = book(opening("USDT", D(1000)), fill("entry", "SELL", "1", "100", symbol=PERP))
    flipped, closed = book(held, fill("entry", "BUY", "1.5", "100", symbol=PERP, trade_id="T-2"))
    assert [(p.side, p.quantity) for p in flipped.positions] == [] or flipped.positions[-1].side == "LONG"
    assert sum(p.quantity if p.side == "LONG" else -p.quantity for p in flipped.positions) == D("0.5")
    assert len(closed) == 1


def test_funding_of_nothing_moves_cash_alone() -> None:
    paid, _ = book(
        opening("USDT", D(1000)), fill(None, "SELL", "0", "100", symbol=PERP, fee="0.5", kind="FUNDING")
    )
    assert (paid.cash, paid.fees_paid, paid.positions) == (D("999.5"), D("0.5"), ())


def test_a_mark_values_both_sides_and_remembers_the_highest() -> None:
    held, _ = book(
        opening("USDT", D(1000)),
        fill("entry", "BUY", "2", "100"),
        fill("hedge", "SELL", "1", "110", symbol=PERP, trade_id="T-2"),
    )
    found = mark(held, {SPOT: D(120), PERP: D(115)})
    assert (found.equity, found.gross, found.net) == (D(1035), D(355), D(125))
    assert sorted(found.unrealized.values()) == [D(-5), D(40)] and found.drawdown == 0.0
    assert (
        mark(held.model_copy(update={"peak_equity": D(1380)}), {SPOT: D(120), PERP: D(115)}).drawdown == 0.25
    )


def test_a_day_begins_once() -> None:
    first = roll_day(opening("USDT", D(1000)), START, D(900))
    assert (first.day, first.day_start_equity, first.peak_equity) == ("2023-01-01", D(900), D(1000))
    later = roll_day(first, START + timedelta(hours=23), D(1200))
    assert (later.day_start_equity, later.peak_equity) == (D(900), D(1200))
    assert roll_day(later, START + timedelta(days=1), D(1100)).day_start_equity == D(1100)


def test_what_counts_as_a_move_is_never_less_than_the_costs() -> None:
    dear = Settings.model_validate({"venue": {"taker_fee_bps": 300}, "risk": {"default_stop_loss": 0.01}})
    assert judging(dear) == Judging(cost=D("0.0602"), calm=D("0.0602"))
    assert judging(SETTINGS).calm == D("0.02")


def ended(action: str, stance: str, move: str, price: str = "100") -> str | None:
    case = Case(seq=1, action=action, stance=stance, price=D(price), due_at=START)  # type: ignore[arg-type]
    record = next(r for r in RECORDS if r.kind == "ROUND")
    assert record.snapshot is not None and record.snapshot.quote is not None
    quote = record.snapshot.quote.model_copy(update={"price": D(price) * (1 + D(move))})
    later = record.model_copy(
        update={
            "seq": 9,
            "decision": None,
            "snapshot": record.snapshot.model_copy(update={"quote": quote}),
            "closed": (),
        }
    )
    still, known = due((case,), later, EXACT)
    assert len(still) + len(known) == 1
    return known[0].outcome if known else None


@pytest.mark.parametrize(
    ("action", "stance", "move", "outcome"),
    [
        ("BUY", "FLAT", "0.01", "FAILURE"), ("BUY", "FLAT", "0.0101", "SUCCESS"), ("SELL", "FLAT", "-0.01", "FAILURE"),
        ("SELL", "FLAT", "-0.0101", "SUCCESS"), ("HOLD", "LONG", "-0.01", "SUCCESS"), ("HOLD", "LONG", "-0.0101", "FAILURE"),
        ("HOLD", "LONG", "0.9", "SUCCESS"), ("HOLD", "SHORT", "0.01", "SUCCESS"), ("HOLD", "SHORT", "0.0101", "FAILURE"),
        ("HOLD", "SHORT", "-0.9", "SUCCESS"), ("HOLD", "FLAT", "0.05", "SUCCESS"), ("HOLD", "FLAT", "-0.0501", "FAILURE"),
        ("HOLD", "FLAT", "0.0501", "FAILURE"),
    ],
)  # fmt: skip
def test_a_word_is_judged_by_its_own_rule(action: str, stance: str, move: str, outcome: str) -> None:
    assert ended(action, stance, move) == outcome


@pytest.mark.parametrize(("pnl", "outcome"), [("0.01", "SUCCESS"), ("0", "FAILURE"), ("-0.01", "FAILURE")])
def test_a_cent_is_a_success_and_nothing_is_none(pnl: str, outcome: str) -> None:
    case = Case(seq=1, action="BUY", stance="FLAT", price=None, due_at=START, opened=True, pnl=D(pnl))
    bare = RECORDS[0].model_copy(update={"decision": None, "closed": ()})
    assert [(one.outcome, one.pnl) for one in due((case,), bare, EXACT)[1]] == [(outcome, D(pnl))]


def test_without_a_market_a_decision_is_due_at_once() -> None:
    record = next(r for r in RECORDS if r.decision is not None)
    (case,), _ = due((), record.model_copy(update={"snapshot": None}), EXACT)
    assert (case.due_at, case.price) == (record.as_of, None)


def test_how_each_position_of_a_decision_ended_is_its_reason() -> None:
    record = next(r for r in RECORDS if any(p.role == "trade" for p in r.closed))
    position = next(p for p in record.closed if p.role == "trade")
    case = Case(
        seq=position.opened_seq,
        action="BUY",
        stance="FLAT",
        price=None,
        due_at=START,
        ends=("position 0 exit",),
    )
    later = record.model_copy(update={"decision": None})
    for said, word in ((None, "closed"), ("stop_loss", "stop_loss")):
        ended_as = later.model_copy(update={"closed": (position.model_copy(update={"exit_reason": said}),)})
        (known,) = due((case,), ended_as, EXACT)[1]
        assert known.reason.startswith(f"position 0 exit, position {position.ordinal} {word}: net ")


def test_what_a_person_opens_in_a_round_of_waiting_is_not_the_decisions() -> None:
    record = next(r for r in RECORDS if any(p.role == "trade" for p in r.portfolio_after.positions))
    mine = next(p.opened_seq for p in record.portfolio_after.positions if p.role == "trade")
    later = record.model_copy(update={"decision": None})
    for action, opened in (("BUY", True), ("HOLD", False)):
        case = Case(seq=mine, action=action, stance="FLAT", price=None, due_at=START + 99 * HOUR)
        ((followed,), _) = due((case,), later, EXACT)
        assert (followed.opened, bool(followed.holding)) == (opened, opened)


def test_a_rebuild_knows_only_what_was_pending() -> None:
    cases: tuple[Case, ...] = ()
    for record in RECORDS:
        cases, _ = due(cases, record, judging(SETTINGS))
    assert len(cases) > 1
    one = frozenset({cases[0].seq})
    assert rebuild(RECORDS, judging(SETTINGS), one) == cases[:1]


def test_two_rounds_are_enough_for_a_ratio_and_one_is_not() -> None:
    stats = SessionStats(returns_count=2, returns_mean=0.01, returns_m2=0.0002)
    assert stats.sharpe("1h") == pytest.approx(0.01 / 0.0002**0.5 * 8760**0.5)
    assert SessionStats(returns_count=1, returns_mean=0.01).sharpe("1h") is None
    counts = SessionStats().model_dump()
    assert {float(value) for value in counts.values()} == {0.0} and len(counts) == 22


def test_the_figures_of_a_session_are_counted_from_nothing() -> None:
    stats = SessionStats(equity=FACTS.initial_capital)
    for record in RECORDS:
        stats = after(stats, record, FACTS)
    rounds = [record for record in RECORDS if record.decision is not None]
    for word, count in (("BUY", stats.buys), ("SELL", stats.sells), ("HOLD", stats.holds)):
        assert (
            count
            == sum(record.decision is not None and record.decision.action == word for record in rounds)
            > 0
        )
    trades = [one for record in RECORDS for one in record.fills if one.kind == "TRADE"]
    assert stats.turnover == sum((round(one.price * one.quantity, 8) for one in trades), D(0))
    sent = [planned for record in RECORDS for planned in record.orders if planned.verdict.kind == "approved"]
    assert stats.hedges == sum(planned.request.leg == "hedge" for planned in sent) > 0
    assert stats.refused == sum(len(record.orders) for record in RECORDS) - len(sent) > 0
    assert (stats.fees, stats.equity) == (RECORDS[-1].portfolio_after.fees_paid, RECORDS[-1].equity)


def test_who_has_no_weight_in_the_tally_weighs_nothing() -> None:
    record: CycleRecord = next(r for r in RECORDS if r.decision is not None)
    assert record.decision is not None
    bare = record.decision.model_copy(
        update={"tally": record.decision.tally.model_copy(update={"weights": ()})}
    )
    votes = project(record.model_copy(update={"decision": bare}), FACTS).votes
    assert votes and {(one.weight, one.counted, one.strategy_id) for one in votes} == {(0.0, False, None)}
    assert timedelta(hours=1) == HOUR


def test_a_return_is_counted_from_the_least_equity_and_not_from_none() -> None:
    record = next(r for r in RECORDS if r.kind == "ROUND")
    for equity, counted in ((D("0.5"), 1), (D(0), 0), (D(-1), 0)):
        assert after(SessionStats(records=1, equity=equity), record, FACTS).returns_count == counted
    assert after(SessionStats(records=0, equity=D(5)), record, FACTS).returns_count == 0
    aborted = next(r for r in RECORDS if r.kind == "ABORTED")
    assert after(SessionStats(records=1, equity=D(5)), aborted, FACTS).returns_count == 0


def test_a_stance_is_that_of_the_trade_and_not_of_its_hedge() -> None:
    seen = set()
    for record in RECORDS:
        cases, _ = due((), record, judging(SETTINGS))
        roles = {p.role: p.side for p in record.portfolio_before.positions}
        for case in cases:
            assert case.stance == roles.get("trade", "FLAT")
            seen.add((case.stance, "hedge" in roles))
    assert ("LONG", True) in seen and ("FLAT", False) in seen


def two(side: str, first: str, second: str) -> Any:
    """A directional position and a hedge on one side of one perpetual."""
    held, _ = book(
        opening("USDT", D(1000)),
        fill("entry", side, first, "10", symbol=PERP),
        fill("hedge", side, second, "10", symbol=PERP, trade_id="T-2"),
    )
    assert [(p.role, p.quantity) for p in held.positions] == [("trade", D(first)), ("hedge", D(second))]
    return held


def two_shorts(first: str, second: str) -> Any:
    return two("SELL", first, second)


@pytest.mark.parametrize("side", ["BUY", "SELL"])
def test_funding_is_shared_by_size(side: str) -> None:
    paid, _ = book(two(side, "3", "1"), fill(None, "SELL", "0", "10", symbol=PERP, fee="8", kind="FUNDING"))
    assert [p.fees for p in paid.positions] == [D(6), D(2)] and paid.cash == D(992)


@pytest.mark.parametrize("leg", ["exit", "stop_loss", "take_profit", "flatten", "halt_exit", "liquidation"])
def test_whatever_closes_closes_trade_and_hedge(leg: str) -> None:
    done, closed = book(two_shorts("1", "2"), fill(leg, "BUY", "3", "10", symbol=PERP, trade_id="T-3"))
    assert (done.positions, [p.role for p in closed]) == ((), ["trade", "hedge"])


def test_funding_is_its_symbols_alone() -> None:
    held, _ = book(two("BUY", "3", "1"), fill("entry", "BUY", "4", "10", trade_id="T-3"))
    paid, _ = book(held, fill(None, "SELL", "0", "10", symbol=PERP, fee="8", kind="FUNDING"))
    assert [(p.symbol, p.fees) for p in paid.positions] == [(PERP, D(6)), (PERP, D(2)), (SPOT, D(0))]


def test_what_costs_eat_up_is_lost() -> None:
    held, _ = book(opening("USDT", D(1000)), fill("entry", "BUY", "1", "100", fee="1"))
    done, _ = book(held, fill("exit", "SELL", "1", "101.5", fee="1", trade_id="T-2"))
    assert (done.realized_pnl, done.wins, done.losses) == (D("1.5"), 0, 1)


def test_on_spot_one_sells_whatever_is_held_and_a_hedge_of_a_perpetual_leaves_the_trade_alone() -> None:
    held, _ = book(opening("USDT", D(1000)), fill("manual-1", "BUY", "1", "10"))
    sold, closed = book(held, fill("entry", "SELL", "1", "10", trade_id="T-2"))
    assert (sold.positions, [p.role for p in closed]) == ((), ["manual"])
    turned, closed = book(two_shorts("1", "2"), fill("hedge", "BUY", "3", "10", symbol=PERP, trade_id="T-3"))
    assert [p.role for p in closed] == ["hedge"]
    assert [(p.role, p.side, p.quantity) for p in turned.positions] == [
        ("trade", "SHORT", D(1)),
        ("hedge", "LONG", D(1)),
    ]


@pytest.mark.parametrize(
    ("fee", "shares"),
    [
        ("4", (D(3), D(1))),
        ("0.00000001", (D("0.00000001"), D(0))),
        ("0.00000003", (D("0.00000002"), D("0.00000001"))),
    ],
)
def test_a_fill_over_two_positions_pays_its_fee_once_and_to_the_unit(
    fee: str, shares: tuple[Decimal, Decimal]
) -> None:
    done, closed = book(
        two_shorts("3", "1"), fill("exit", "BUY", "4", "9", symbol=PERP, fee=fee, trade_id="T-3")
    )
    assert done.positions == () and [p.ordinal for p in closed] == [1, 2]
    assert tuple(p.fees for p in closed) == shares and sum(shares) == D(fee)
    assert [p.realized_pnl for p in closed] == [D(3), D(1)] and done.fees_paid == D(fee)


def test_what_is_paid_over_two_positions_is_paid_to_the_unit() -> None:
    price = "9.333333335"
    done, closed = book(two_shorts("1", "1"), fill("exit", "BUY", "2", price, symbol=PERP, trade_id="T-3"))
    assert sum(p.realized_pnl for p in closed) == D(20) - D("18.66666667") == done.cash - D(1000)


def test_a_way_out_takes_each_position_once_its_own_first() -> None:
    less, closed = book(two_shorts("1", "2"), fill("exit", "BUY", "2", "10", symbol=PERP, trade_id="T-3"))
    assert [p.role for p in closed] == ["trade"] and [(p.role, p.quantity) for p in less.positions] == [
        ("hedge", D(1))
    ]
    hedged, closed = book(two_shorts("1", "2"), fill("hedge", "BUY", "2", "10", symbol=PERP, trade_id="T-3"))
    assert [p.role for p in closed] == ["hedge"] and [p.role for p in hedged.positions] == ["trade"]
