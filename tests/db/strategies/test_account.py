"""A strategy's account from the rows that rounds leave: its votes, the decisions they carried, the positions that came."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from db.strategies.account import execution_states
from openoutcry.strategy.account import ExecutionState
from openoutcry.types.market import Snapshot
from openoutcry.types.record import AgentWeight, CycleRecord, Decision
from openoutcry.types.votes import Ballot, Vote
from tests.factories import Session

OURS, NOBODY = UUID(int=99), UUID(int=1)
SEATED = {"sma": {"id": str(OURS), "version": "1.0.0", "hash": "h", "weight": 3.0}}
ROUNDS = (
    ("BUY", "BUY"),
    ("HOLD", "BUY"),
    ("SELL", "HOLD"),
    ("BUY", "HOLD"),
    ("SELL", "SELL"),
    ("BUY", "BUY"),
)
"""What the floor decided and what the strategy had said."""
SHARE = """
SELECT v.seq, 1.5 / (SELECT sum(o.weight * o.confidence) FROM votes o WHERE o.seq = v.seq AND o.action = v.action AND o.counted)
       AS share
FROM votes v WHERE v.agent_name = 'sma' AND v.action = 'BUY'
"""


class Joined(Session):
    """A session with one more voice: the strategy's, at weight 3 and confidence 0.5."""

    says = "HOLD"

    def _ballots(self, snapshot: Snapshot) -> tuple[Ballot, ...]:
        vote = Vote(
            agent="sma", symbol=snapshot.symbol, action=self.says, confidence=0.5, reasoning="told to"
        )
        return (*super()._ballots(snapshot), Ballot(agent="sma", answer=vote))

    def _decision(self, action: str, ballots: tuple[Ballot, ...], faulty: bool) -> Decision:
        made = super()._decision(action, ballots, faulty)
        heard = [one for one in made.tally.weights if one.agent != "sma"]
        ours = AgentWeight(agent="sma", weight=3.0, counted=True, note=self.says)
        return made.model_copy(update={"tally": made.tally.model_copy(update={"weights": (*heard, ours)})})

    def _write(self, kind: str, **parts: Any) -> CycleRecord:
        return super()._write(kind, **{**parts, "detail": {**parts.get("detail", {}), "strategies": SEATED}})

    def said(self, action: str, says: str) -> CycleRecord:
        self.says = says
        return self.round(action)


async def test_it_is_what_became_of_the_positions_it_voted_for(pool, write) -> None:
    session = Joined(seed=0)
    await write(session, [session._write("OPEN"), *(session.said(*one) for one in ROUNDS)])
    votes = await pool.fetch("SELECT action, strategy_id FROM votes WHERE agent_name = 'sma' ORDER BY seq")
    assert [(row["action"], row["strategy_id"]) for row in votes] == [(says, OURS) for _, says in ROUNDS]
    assert await pool.fetchval("SELECT count(*) FROM votes WHERE strategy_id IS NOT NULL") == len(ROUNDS)

    states = await execution_states(pool, {OURS: Decimal(500), NOBODY: Decimal(70)})
    assert states[NOBODY] == ExecutionState(
        cash_balance=Decimal(70), account_value=Decimal(70), total_trades=0, num_open_positions=0
    )
    trades = await pool.fetch("SELECT * FROM positions WHERE role = 'trade' ORDER BY ordinal")
    shares = {row["seq"]: Decimal(repr(round(row["share"], 12))) for row in await pool.fetch(SHARE)}
    mine = [row for row in trades if row["opened_seq"] in shares]
    assert {row["opened_seq"] for row in trades} == {1, 4, 6} and 4 not in shares, (
        "one it voted for, one it did not"
    )
    value = Decimal(500)
    for row in mine:
        open_ = row["exit_time"] is None
        gain = row["realized_pnl"] - row["fees"] + (row["unrealized_pnl"] if open_ else Decimal(0))
        value += shares[row["opened_seq"]] * gain
    assert abs(states[OURS].account_value - value) < Decimal("0.0001")
    assert states[OURS].account_value != 500
    closed = sum(row["exit_time"] is not None for row in mine)
    assert (states[OURS].total_trades, states[OURS].num_open_positions) == (closed, len(mine) - closed)
