"""A record means exactly its rows: the same record the same rows, every thing in it once."""

from collections import Counter
from datetime import timedelta
from decimal import Decimal
from typing import Any

from openoutcry.context import SIZE, VERSION
from openoutcry.ledger.chain import hash_of, link, record_of
from openoutcry.ledger.facts import genesis_hash
from openoutcry.ledger.projection import project
from openoutcry.ledger.situation import INDICATORS, context_of, prompt_of
from openoutcry.ledger.voiced import CONTEXT_EMBEDDER, NO_CONTEXT, kind_of
from openoutcry.types.orders import OrderState
from openoutcry.types.votes import MindUse, ToolUse
from tests.factories import Session, facts_of

RECORDS = Session(seed=7).run(60)
FACTS = facts_of(7)
ROWS = [project(record, FACTS) for record in RECORDS]


def test_records_survive_their_stored_form_and_chain():
    previous = genesis_hash(FACTS)
    for record in RECORDS:
        stored = link(record)
        assert stored.hash == hash_of(stored.body)
        assert record_of(stored.body) == record
        assert record.prev_hash == previous
        previous = stored.hash


def test_genesis_depends_on_the_opening_facts_and_on_no_id():
    assert genesis_hash(facts_of(7)) == genesis_hash(facts_of(7, session_id=facts_of(99).session_id))
    assert genesis_hash(facts_of(7)) != genesis_hash(facts_of(8))
    assert genesis_hash(facts_of(7)) != genesis_hash(facts_of(7, config_digest="other"))


def test_rows_from_the_stored_body_are_the_rows_from_the_record():
    for record, rows in zip(RECORDS, ROWS, strict=True):
        assert project(record_of(link(record).body), FACTS) == rows


def test_every_id_is_its_own_and_belongs_to_the_session():
    tables: list[list[Any]] = [
        [row.decision for row in ROWS if row.decision],
        [vote for row in ROWS for vote in row.votes],
        [order for row in ROWS for order in row.orders],
        [fill for row in ROWS for fill in row.fills],
    ]
    for rows in tables:
        assert rows
        assert max(Counter(row.id for row in rows).values()) == 1
        assert {row.session_id for row in rows} == {FACTS.session_id}
    assert not {row.id for row in tables[0]} & {
        project(r, facts_of(8)).decision.id for r in RECORDS if r.decision
    }


def test_a_round_is_one_decision_with_one_vote_per_ballot():
    for record, rows in zip(RECORDS, ROWS, strict=True):
        assert (rows.decision is not None) == (record.kind == "ROUND")
        assert len(rows.votes) == len(record.ballots)
        assert all(vote.decision_id == rows.decision.id for vote in rows.votes)
    silent = next(vote for vote in ROWS[1].votes if vote.agent_name == "trend")
    assert (silent.action, silent.confidence, silent.abstain_reason) == ("ABSTAIN", None, "deadline")
    assert "\x00" not in silent.reasoning
    kinds = {vote.agent_name: vote.decision_type for vote in ROWS[1].votes}
    assert kinds == {"technical": "vote", "trend": "vote", "risk": "risk_approval", "hedging": "hedge"}
    assert ROWS[1].votes[0].evidence[1] == "never-called"


def test_the_context_holds_price_and_indicators_and_the_prompt_reads_like_a_question():
    row = next(r.decision for r in ROWS if r.decision and r.decision.context["price"])
    assert {"price", "hedge_price", "funding_rate", "rsi_14", "macd_12_26_9_hist"} <= row.context.keys()
    assert row.context["macd_12_26_9_signal"] is None
    assert "BTC/USDT 1h at 2023-01-01" in row.prompt
    assert f"rsi_14 {row.context['rsi_14']:.6g}" in row.prompt
    assert row.model == "rules+scripted"


def test_a_floor_without_voices_is_of_rules_and_a_record_without_a_market_asks_nothing():
    record = next(r for r in RECORDS if r.kind == "ROUND")
    silent = record.model_copy(update={"ballots": ()})
    assert project(silent, FACTS).decision.model == "rules" and "Asked nobody: buy" in prompt_of(silent)
    minds = [MindUse(model=f"m{n}") for n in (7, 3, 9, 1, 5, 8)]
    many = tuple(record.ballots[0].model_copy(update={"mind": mind}) for mind in minds)
    heard = project(record.model_copy(update={"ballots": many}), FACTS)
    assert heard.decision.model == "m1+m3+m5+m7+m8+m9"
    nowhere = record.model_copy(update={"snapshot": None})
    assert (prompt_of(nowhere), context_of(nowhere)) == ("", {})


def test_what_kind_of_vote_a_word_is():
    words = {"APPROVE": "risk_approval", "REDUCE": "risk_approval", "VETO": "risk_approval", "HEDGE": "hedge"}
    assert {word: kind_of(word) for word in (*words, "BUY", "SELL", "HOLD", "ABSTAIN")} == {
        **words,
        **dict.fromkeys(("BUY", "SELL", "HOLD", "ABSTAIN"), "vote"),
    }


def test_a_fill_of_no_known_order_has_none():
    record = next(r for r in RECORDS if any(fill.leg for fill in r.fills))
    fill = next(fill for fill in record.fills if fill.leg)
    for seq, leg in ((1, None), (None, "entry")):
        stray = fill.model_copy(update={"order_seq": seq, "leg": leg})
        (row,) = project(record.model_copy(update={"fills": (stray,)}), FACTS).fills
        assert row.order_id is None


def test_only_an_indicator_of_this_market_is_its_situation():
    record = next(r for r in RECORDS if r.kind == "ROUND" and r.snapshot)
    asked = {"symbol": record.snapshot.symbol, "timeframe": record.snapshot.timeframe}

    def seen(tool: str, **of: str) -> bool:
        use = ToolUse(
            result_id="1", tool=tool, arguments=asked | of, result={"values": {"odd_1": {"value": 5.0}}}
        )
        ballots = (record.ballots[0].model_copy(update={"tool_uses": (use,)}),)
        return "odd_1" in context_of(record.model_copy(update={"ballots": ballots}))

    assert seen(INDICATORS)
    assert not seen("indicators.calculate_rsi") and not seen(INDICATORS, symbol="ETH/USDT")
    assert not seen(INDICATORS, timeframe="1d")


def test_an_order_ends_when_its_venue_says_and_else_with_its_record():
    record = next(r for r in RECORDS if r.order_updates)
    early = record.as_of - timedelta(minutes=7)
    for said, ended in ((early, early), (None, record.as_of)):
        state = OrderState(order_seq=1, leg="exit", status="EXPIRED", updated_at=said)
        (change,) = project(record.model_copy(update={"order_updates": (state,)}), FACTS).order_changes
        assert (change.expired_at, change.filled_at, change.updated_at) == (ended, None, record.as_of)


def test_orders_end_as_the_records_say():
    final = {}
    for rows in ROWS:
        final |= {row.id: row.status for row in rows.orders}
        for change in rows.order_changes:
            assert change.id in final
            final[change.id] = change.status
    assert {"FILLED", "CANCELED", "REJECTED"} <= set(final.values())
    refused = next(row for rows in ROWS for row in rows.orders if row.status == "REJECTED")
    assert refused.refusal["rule"] == "max_position_size"
    assert refused.error_message == (
        "larger than a position may be (max_position_size: 0.31 against a limit of 0.2)"
    )
    unsent = next(
        row for rows in ROWS for row in rows.orders if row.error_message == "approved, but never sent"
    )
    assert unsent.canceled_at is not None


def test_positions_follow_the_books():
    open_rows = {}
    for record, rows in zip(RECORDS, ROWS, strict=True):
        for row in rows.positions:
            open_rows[row.ordinal] = row
        assert {o for o, row in open_rows.items() if row.exit_time is None} == {
            p.ordinal for p in record.portfolio_after.positions
        }
    assert all(row.unrealized_pnl == 0 for row in open_rows.values() if row.exit_time)


def test_a_position_without_a_price_keeps_its_last_mark():
    bought = Session(seed=3)
    bought.run(0, extras=False)
    while not bought.portfolio.positions:
        bought.round("BUY")
    blind = bought.round("HOLD").model_copy(update={"snapshot": None})
    rows = project(blind, bought.facts).positions
    assert {row.unrealized_pnl for row in rows} == {None}


def test_equity_and_drawdown():
    for record, rows in zip(RECORDS, ROWS, strict=True):
        assert rows.equity.equity == record.equity
        assert 0 <= rows.equity.drawdown < 1
    assert ROWS[0].equity.equity == Decimal(10_000)


def test_the_context_vector_is_the_documented_one():
    assert (len(NO_CONTEXT), CONTEXT_EMBEDDER) == (SIZE, VERSION)
