"""A floor in miniature: the records of a whole session, without any process, from a seed.

    records = Session(seed=7).run(rounds=40)

They hold everything a real session's records hold: entries with brackets, stops hit, exits, hedges, funding,
refusals, orders never sent, abstentions, data faults, a manual order, an aborted round and a stop.
"""

from copy import copy
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

from openoutcry.canonical import digest
from openoutcry.embedding import as_float32
from openoutcry.episodes import Booking
from openoutcry.ledger.chain import link
from openoutcry.ledger.facts import SessionFacts, genesis_hash
from openoutcry.ledger.outcomes import Case, due, judging
from openoutcry.orders import order_hash
from openoutcry.portfolio import apply_all, mark, opening, roll_day
from openoutcry.settings import Settings
from openoutcry.types.amounts import cents
from openoutcry.types.market import Bar, DataFault, Quote, Snapshot
from openoutcry.types.orders import (
    Approved,
    Fill,
    OrderRequest,
    OrderState,
    PlannedOrder,
    Refused,
    WorkingOrder,
)
from openoutcry.types.record import AgentWeight, CycleRecord, Decision, Tally
from openoutcry.types.votes import Abstain, Ballot, MindUse, ToolUse, Vote

ORG = UUID("00000000-0000-0000-0000-000000000001")
SPOT, PERP = "BTC/USDT", "BTC/USDT:USDT"
START = datetime(2023, 1, 1, tzinfo=UTC)
SETTINGS = Settings()
HOUR = timedelta(hours=1)


def facts_of(seed: int = 7, session_id: UUID | None = None, **changes) -> SessionFacts:
    """Opening facts of a session."""
    given = {
        "session_id": session_id or UUID(int=seed + 1),
        "org_id": ORG,
        "mode": "PAPER",
        "symbol": SPOT,
        "hedge_symbol": PERP,
        "exchange": "binance",
        "timeframe": "1h",
        "source": "recorded",
        "seed": seed,
        "initial_capital": Decimal(10_000),
        "config_digest": digest(SETTINGS),
    }
    return SessionFacts(**{**given, **changes})


class Session:
    """Makes the next record of one session, again and again."""

    def __init__(self, seed: int = 7, facts: SessionFacts | None = None) -> None:
        self.facts = facts or facts_of(seed)
        self.random = Random(seed)
        self.portfolio = opening("USDT", self.facts.initial_capital)
        self.synced = self.portfolio
        self.price = Decimal(20_000)
        self.seq = 0
        self.as_of = START
        self.head = genesis_hash(self.facts)
        self.cases: tuple[Case, ...] = ()
        self.made: list[CycleRecord] = []
        self.writer: Any = None
        self.working: dict[tuple[int, str], WorkingOrder] = {}
        self.trades = 0
        self.minds = {"risk": "scripted"}
        """Whose votes are no rules' own."""

    def __copy__(self) -> "Session":
        """Another that goes on from here by itself."""
        other = object.__new__(Session)
        own = {"random": copy(self.random), "made": list(self.made), "working": dict(self.working)}
        other.__dict__ = {**self.__dict__, **own}
        return other

    def run(self, rounds: int, *, extras: bool = True) -> list[CycleRecord]:
        """OPEN, then ``rounds`` rounds; with ``extras`` a manual order, an aborted round and a STOP too."""
        made = [self._write("OPEN", detail={"config": SETTINGS.model_dump(mode="json")})]
        for number in range(rounds):
            made.append(self.round())
            if extras and number == rounds // 2:
                made.append(self.manual())
                made.append(self._write("ABORTED", snapshot=self._snapshot(), detail={"reason": "restarted"}))
        if extras:
            made.append(self._write("STOP", detail={"reason": "end of data"}))
        return made

    def round(self, action: str | None = None) -> CycleRecord:
        """One round an hour later; ``action`` forces the decision."""
        self._move()
        faulty = action is None and self.random.random() < 0.05
        working = tuple(self.working.values())
        fills, updates = self._sync()
        self.synced, _ = apply_all(self.portfolio, [(fill, Booking(self.seq)) for fill in fills])
        snapshot = self._snapshot(faulty)
        ballots = self._ballots(snapshot)
        action = "HOLD" if faulty else action or self.random.choice(["BUY", "SELL", "HOLD", "HOLD"])
        planned, own, also = self._trade(action)
        return self._write(
            "ROUND",
            snapshot=snapshot,
            ballots=ballots,
            decision=self._decision(action, ballots, faulty),
            working=working,
            orders=tuple(planned),
            fills=(*fills, *own),
            order_updates=(*updates, *also),
            features={"rsi": round(self.random.random(), 6), "gap": None},
            context_embedding=tuple(as_float32(round(self.random.gauss(0, 0.125), 6) for _ in range(64))),
        )

    def manual(self) -> CycleRecord:
        """A manual order that the gate lets through and one it refuses."""
        bought = self._request("manual-1", "BUY", Decimal("0.002"))
        refused = self._request("manual-2", "BUY", Decimal("9.9"))
        planned = [self._filled(bought), PlannedOrder(request=refused, verdict=self._refusal())]
        fill = self._fill(bought)
        detail = {"command": {"kind": "place_order", "symbol": SPOT}}
        return self._write(
            "MANUAL", snapshot=self._snapshot(), orders=tuple(planned), fills=(fill,), detail=detail
        )

    def _write(self, kind: str, **parts) -> CycleRecord:
        before = self.portfolio
        bookings = [(fill, Booking(self.seq, reason=fill.leg or "")) for fill in parts.get("fills", ())]
        after, closed = apply_all(before, bookings)
        equity = mark(after, {SPOT: self.price, PERP: self.price * Decimal("1.001")}).equity
        self.portfolio = roll_day(after, self.as_of, equity)
        draft = CycleRecord(
            kind=kind,
            seq=self.seq,
            as_of=self.as_of,
            source=self.facts.source,
            config_digest=self.facts.config_digest,
            closed=closed,
            portfolio_before=before,
            portfolio_after=self.portfolio,
            equity=equity,
            prev_hash=self.head,
            **parts,
        )
        self.cases, known = due(self.cases, draft, judging(SETTINGS))
        record = draft.model_copy(update={"outcomes": known})
        self.head = link(record).hash
        self.seq += 1
        for planned in record.orders:
            self._keep(planned.request, planned.state)
        return record

    def _keep(self, request: OrderRequest, state: OrderState | None) -> None:
        if state is not None and state.status in ("NEW", "PARTIALLY_FILLED"):
            self.working[state.order_seq, state.leg] = WorkingOrder(request=request, state=state)

    def _move(self) -> None:
        self.as_of += HOUR
        self.price = cents(self.price * Decimal(repr(1 + self.random.gauss(0, 0.01))), 2)

    def _snapshot(self, faulty: bool = False) -> Snapshot:
        fault = DataFault(symbol=SPOT, kind="gap", detail="one bar is missing")
        return Snapshot(
            symbol=SPOT,
            hedge_symbol=PERP,
            timeframe="1h",
            seq=self.seq,
            as_of=self.as_of,
            source=self.facts.source,
            quote=None if faulty else self._quote(SPOT, self.price),
            hedge=self._quote(PERP, self.price * Decimal("1.001")),
            funding_rate=0.0001,
            faults=(fault,) if faulty else (),
            data_digest=digest([str(self.price)]),
        )

    def _quote(self, symbol: str, price: Decimal) -> Quote:
        bar = Bar(
            opened_at=self.as_of - HOUR,
            open=price,
            high=price + 50,
            low=price - 50,
            close=price,
            volume=Decimal("12.5"),
        )
        return Quote(symbol=symbol, price=price, bar=bar)

    def _ballots(self, snapshot: Snapshot) -> tuple[Ballot, ...]:
        rsi = round(self.random.uniform(20, 80), 4)
        use = ToolUse(
            result_id=digest([self.seq, rsi])[:24],
            tool="indicators.indicator_snapshot",
            arguments={"symbol": SPOT, "timeframe": "1h", "names": ["rsi:14", "macd:12,26,9"]},
            result={
                "bars": 200,
                "close": float(self.price),
                "values": {
                    "rsi:14": {"value": rsi},
                    "macd:12,26,9": {"macd": 1.5, "signal": None, "hist": -1e-07},
                },
            },
        )
        actions = {"technical": "BUY", "risk": "REDUCE", "hedging": "HEDGE"}
        ballots = [self._ballot(agent, action, use) for agent, action in actions.items()]
        late = Abstain(agent="trend", symbol=SPOT, reason="deadline", detail="no answer within 5 s\x00")
        return (*ballots, Ballot(agent="trend", answer=late))

    def _ballot(self, agent: str, action: str, use: ToolUse) -> Ballot:
        vote = Vote(
            agent=agent,
            symbol=SPOT,
            action=action,
            confidence=round(self.random.random(), 3),
            reasoning=f"{agent} says {action}: rsi {use.result['values']['rsi:14']['value']}",
            evidence=(use.result_id, "never-called"),
            stop_loss=cents(self.price * Decimal("0.98"), 2) if agent == "technical" else None,
            size_factor=0.5 if agent == "risk" else None,
            hedge_ratio=0.3 if agent == "hedging" else None,
        )
        mind = MindUse(model=self.minds.get(agent, "rules"), prompt_tokens=3, cost_usd=Decimal("0.0001"))
        return Ballot(agent=agent, answer=vote, tool_uses=(use,), mind=mind)

    def _decision(self, action: str, ballots: tuple[Ballot, ...], faulty: bool) -> Decision:
        weights = tuple(
            AgentWeight(agent=b.agent, weight=1.0, counted=b.agent == "technical", note="") for b in ballots
        )
        tally = Tally(
            scores={"BUY": 0.4, "SELL": 0.1, "HOLD": 0.0},
            weights=weights,
            voters=1,
            quorum=1,
            consensus=0.8,
            min_consensus=0.6,
            rule="weighted",
        )
        return Decision(
            action=action,
            target={"BUY": "LONG", "SELL": "FLAT", "HOLD": "KEEP"}[action],
            confidence=round(self.random.random(), 3),
            reasoning=f"{action} at {self.price}: the technical voice outweighs the rest",
            horizon_bars=self.random.randint(2, 6),
            entries_blocked="BTC/USDT gap: one bar is missing" if faulty else None,
            tally=tally,
        )

    def _held(self, role: str):
        return next((p for p in self.synced.positions if p.role == role), None)

    def _trade(self, action: str) -> tuple[list[PlannedOrder], list[Fill], list[OrderState]]:
        held = self._held("trade")
        if action == "BUY" and held is None:
            return self._enter()
        if action == "SELL" and held is not None:
            request = self._request("exit", "SELL", held.quantity, reduce_only=True)
            return [self._filled(request)], [self._fill(request)], self._cancel_all()
        return [], [], []

    def _enter(self) -> tuple[list[PlannedOrder], list[Fill], list[OrderState]]:
        entry = self._request("entry", "BUY", Decimal("0.05"))
        fate = self.random.random()
        if fate < 0.2:
            return [PlannedOrder(request=entry, verdict=self._refusal())], [], []
        if fate < 0.3:
            return [PlannedOrder(request=entry, verdict=Approved(order_hash=order_hash(entry)))], [], []
        stop = self._protection("stop_loss", "STOP_LOSS", Decimal("0.985"))
        target = self._protection("take_profit", "TAKE_PROFIT", Decimal("1.02"))
        planned = [self._filled(entry), self._resting(stop), self._resting(target)]
        fills = [self._fill(entry)]
        if self._held("hedge") is None and fate > 0.6:
            hedge = self._request("hedge", "SELL", Decimal("0.015"), symbol=PERP)
            planned.append(self._filled(hedge))
            fills.append(self._fill(hedge))
        return planned, fills, []

    def _sync(self) -> tuple[list[Fill], list[OrderState]]:
        """What the venue did since the last record: protection hit, siblings cancelled, funding paid."""
        fills: list[Fill] = []
        updates: list[OrderState] = []
        for (seq, leg), order in list(self.working.items()):
            stop = order.request.stop_price
            if stop is not None and (self.price <= stop if leg == "stop_loss" else self.price >= stop):
                fills.append(self._fill(order.request, seq))
                updates.append(self._state(order.request, "FILLED", seq))
                del self.working[seq, leg]
                updates += self._cancel_all()
                break
        if any(p.role == "hedge" for p in self.portfolio.positions) and self.as_of.hour % 8 == 0:
            fills.append(self._funding())
        return fills, updates

    def _cancel_all(self) -> list[OrderState]:
        states = [
            order.state.model_copy(update={"status": "CANCELED", "updated_at": self.as_of})
            for order in self.working.values()
        ]
        self.working.clear()
        return states

    def _request(self, leg: str, side: str, quantity: Decimal, symbol: str = SPOT, **more) -> OrderRequest:
        return OrderRequest(
            leg=leg, symbol=symbol, side=side, type="MARKET", quantity=quantity, reason=leg, **more
        )

    def _protection(self, leg: str, kind: str, factor: Decimal) -> OrderRequest:
        return OrderRequest(
            leg=leg,
            symbol=SPOT,
            side="SELL",
            type=kind,
            quantity=Decimal("0.05"),
            stop_price=cents(self.price * factor, 2),
            reduce_only=True,
            oco_group=f"bracket-{self.seq}",
        )

    def _refusal(self) -> Refused:
        return Refused(
            rule="max_position_size", value="0.31", limit="0.2", message="larger than a position may be"
        )

    def _filled(self, request: OrderRequest) -> PlannedOrder:
        verdict = Approved(order_hash=order_hash(request))
        return PlannedOrder(request=request, verdict=verdict, state=self._state(request, "FILLED", self.seq))

    def _resting(self, request: OrderRequest) -> PlannedOrder:
        verdict = Approved(order_hash=order_hash(request))
        return PlannedOrder(request=request, verdict=verdict, state=self._state(request, "NEW", self.seq))

    def _state(self, request: OrderRequest, status: str, seq: int) -> OrderState:
        done = request.quantity if status == "FILLED" else Decimal(0)
        return OrderState(
            order_seq=seq,
            leg=request.leg,
            status=status,
            venue_order_id=f"V{seq}-{request.leg}",
            executed_quantity=done,
            executed_quote=cents(done * self.price),
            placed_at=self.as_of,
            updated_at=self.as_of,
        )

    def _fill(self, request: OrderRequest, seq: int | None = None) -> Fill:
        self.trades += 1
        return Fill(
            trade_id=f"T{self.trades}",
            order_seq=self.seq if seq is None else seq,
            leg=request.leg,
            symbol=request.symbol,
            side=request.side,
            price=self.price,
            quantity=request.quantity,
            fee=cents(self.price * request.quantity / 1000),
            executed_at=self.as_of + timedelta(milliseconds=250),
        )

    def _funding(self) -> Fill:
        self.trades += 1
        return Fill(
            kind="FUNDING",
            trade_id=f"F{self.trades}",
            order_seq=None,
            leg=None,
            symbol=PERP,
            side="SELL",
            price=self.price,
            quantity=Decimal(0),
            fee=Decimal("-0.12"),
            executed_at=self.as_of,
        )
