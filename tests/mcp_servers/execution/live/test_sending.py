"""What is sent for an order, how often, and what lets it be sent again: against a gateway whose answers are given."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from db import venue_sends
from mcp_servers.execution.venues.live.dialect import params_of
from mcp_servers.execution.venues.live.filters import Filters
from mcp_servers.execution.venues.live.outcome import (
    Answered,
    KeyRevoked,
    Limited,
    Outcome,
    Rejected,
    RetryAfterResync,
    Unknown,
)
from mcp_servers.execution.venues.live.sending import Sending
from openoutcry.errors import VenueRejected, VenueUnknown
from openoutcry.sim.engine import Ticket
from openoutcry.types.orders import OrderRequest
from tests.mcp_servers.execution.venue import PERP, SPOT, order

AT = datetime(2026, 3, 1, tzinfo=UTC)
BUY = order("entry", "BUY", "MARKET", "1.05")
TAKEN = Answered({"orderId": 7})
LATE, FILTER = RetryAfterResync("timestamp"), Rejected(-1013, "Filter failure: LOT_SIZE")
RULES = Filters(Decimal("0.1"), Decimal("0.01"), Decimal("0.01"), Decimal(100), Decimal("5.00"), trading=True)


class Gateway:
    """Answers in order; ``asked`` is what it was asked."""

    def __init__(self, *answers: Outcome) -> None:
        self._answers, self.asked = list(answers), list[tuple[Any, ...]]()

    async def ask(
        self, kind: str, method: str, path: str, params: dict[str, str], *,
        urgent: bool = False, deadline_s: float | None = None, still: Any = None,
    ) -> Outcome:  # fmt: skip
        self.asked.append((kind, method, path, params, urgent, deadline_s, still))
        return self._answers.pop(0)


class Rules:
    """Markets' rules: those of a while ago, and as they are now, where anybody says so."""

    def __init__(self, before: Filters | Exception = RULES, now: Filters | Exception = RULES) -> None:
        self._before, self._now = before, now
        self.asked: list[tuple[str, bool, float | None]] = []

    async def filters(self, symbol: str, *, again: bool = False, deadline_s: float | None = None) -> Filters:
        self.asked.append((symbol, again, deadline_s))
        told = self._now if again else self._before
        if isinstance(told, Exception):
            raise told
        return told


class Clock:
    def now(self) -> datetime:
        return AT


@pytest.fixture
def again(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, datetime]]:
    """What was noted of sending once more."""
    noted: list[tuple[str, datetime]] = []

    async def sent_again(pool: object, cid: str, at: datetime) -> None:
        noted.append((cid, at))

    monkeypatch.setattr(venue_sends, "sent_again", sent_again)
    return noted


def by(*answers: Outcome, rules: Rules | None = None) -> tuple[Sending, Gateway]:
    gateway, clock = Gateway(*answers), Clock()
    sending = Sending(None, gateway, clock)  # type: ignore[arg-type]
    sending._markets = rules or Rules()  # type: ignore[assignment]
    return sending, gateway


def ticket(request: OrderRequest = BUY) -> Ticket:
    return Ticket("oo-1", 1, request, AT)


async def still() -> None:
    return None


@pytest.mark.parametrize(
    ("request_", "asked"),
    [
        (BUY, ("spot", "POST", "order", None)),
        (order("hedge", "SELL", "MARKET", "1", symbol=PERP), ("perp", "POST", "order", None)),
        (
            order("stop_loss", "BUY", "STOP_LOSS", "1", symbol=PERP, stop_price="9", reduce_only=True),
            ("perp", "POST", "algoOrder", 1.2),
        ),
        (
            order("stop_loss", "SELL", "STOP_LOSS", "1", stop_price="9", reduce_only=True),
            ("spot", "POST", "order", 1.2),
        ),
    ],
)
async def test_an_order_is_sent_once(request_: OrderRequest, asked: Any, again: list[Any]) -> None:
    sending, gateway = by(TAKEN)
    assert await sending.send(ticket(request_), request_, still) == TAKEN
    kind, method, path, deadline_s = asked
    params = params_of(request_, "oo-1")
    assert gateway.asked == [(kind, method, path, params, False, deadline_s, still)] and again == []


@pytest.mark.parametrize("said", [TAKEN, Unknown("reset"), Rejected(-2010, "no"), Rejected(0, "never sent")])
async def test_what_proves_nothing_or_refuses_for_good_is_not_sent_again(
    said: Outcome, again: list[Any]
) -> None:
    sending, gateway = by(said)
    assert await sending.send(ticket(), BUY, None) == said and len(gateway.asked) == 1 and again == []


@pytest.mark.parametrize("said", [Limited(429, 7.0, "x" * 400), KeyRevoked(-2015, "x" * 400)])
async def test_what_was_not_accepted_is_refused_in_the_exchanges_words(said: Outcome) -> None:
    sending, gateway = by(said)
    refused = await sending.send(ticket(), BUY, None)
    assert refused == Rejected(0, f"{said}"[:300]) and len(gateway.asked) == 1


async def test_E9_a_signature_out_of_time_is_made_anew_and_noted_before(again: list[Any]) -> None:
    sending, gateway = by(LATE, TAKEN)
    assert await sending.send(ticket(), BUY, None) == TAKEN
    assert gateway.asked[0] == gateway.asked[1] and again == [("oo-1", AT)]
    sending, gateway = by(LATE, LATE, LATE)
    again.clear()
    refused = await sending.send(ticket(), BUY, None)
    assert isinstance(refused, Rejected) and refused.code == 0 and "timestamp" in refused.message
    assert len(gateway.asked) == 3 and again == [("oo-1", AT)] * 2, "thrice at most"


async def test_E12_what_the_rules_refuse_is_sent_as_they_are_now(again: list[Any]) -> None:
    wider = Rules(now=replace(RULES, step=Decimal("0.1")))
    sending, gateway = by(FILTER, TAKEN, rules=wider)
    assert await sending.send(ticket(), BUY, None) == TAKEN
    assert [asked[3]["quantity"] for asked in gateway.asked] == ["1.05", "1"]
    assert wider.asked == [(SPOT, True, None)] and again == [("oo-1", AT)]


@pytest.mark.parametrize(
    "now", [RULES, VenueUnknown("silence"), VenueRejected("halted"), replace(RULES, trading=False)]
)
async def test_E12_where_the_rules_are_the_same_or_nobody_says_it_stays_refused(now: Any) -> None:
    sending, gateway = by(FILTER, rules=Rules(now=now))
    assert await sending.send(ticket(), BUY, None) == FILTER and len(gateway.asked) == 1


async def test_E12_rules_of_a_while_ago_refuse_nothing() -> None:
    old = replace(RULES, step=Decimal(2))
    rules = Rules(before=old)
    sending, _ = by(rules=rules)
    assert (await sending.fitted(BUY)).quantity == Decimal("1.05")
    assert rules.asked == [(SPOT, False, None), (SPOT, True, None)]
    sending, _ = by(rules=Rules(now=old))
    assert (await sending.fitted(BUY)).quantity == Decimal("1.05")
    sending, _ = by(rules=Rules(before=old, now=old))
    with pytest.raises(VenueRejected, match="LOT_SIZE"):
        await sending.fitted(BUY)
    sending, _ = by(rules=Rules(before=VenueUnknown("silence")))
    with pytest.raises(VenueUnknown):
        await sending.fitted(BUY)


@pytest.mark.parametrize(("symbol", "kind"), [(SPOT, "spot"), (PERP, "perp")])
async def test_a_markets_rules_as_the_gate_is_told_them(symbol: str, kind: str) -> None:
    rules = Rules()
    told = await by(rules=rules)[0].instrument(symbol)
    assert (told.symbol, told.kind, told.price_tick, told.quantity_step) == (
        symbol, kind, Decimal("0.1"), Decimal("0.01"),
    )  # fmt: skip
    assert str(told.min_notional) == "5" and rules.asked == [(symbol, False, 2.0)]


async def test_a_pair_is_one_request() -> None:
    stop = order("stop_loss-1", "SELL", "STOP_LOSS", "1", stop_price="9", reduce_only=True)
    target = order("take_profit-1", "SELL", "TAKE_PROFIT", "1", stop_price="11", reduce_only=True)
    sending, gateway = by(TAKEN)
    first, second = Ticket("oo-s", 1, stop, AT), Ticket("oo-t", 1, target, AT)
    assert await sending.send_pair((first, stop), (second, target), still) == TAKEN
    [(kind, method, path, params, urgent, deadline_s, asked)] = gateway.asked
    assert (kind, method, path, urgent, deadline_s, asked) == (
        "spot", "POST", "orderList/oco", False, 1.2, still,
    )  # fmt: skip
    assert (params["aboveClientOrderId"], params["aboveStopPrice"]) == ("oo-t", "11")
    assert (params["belowClientOrderId"], params["belowStopPrice"]) == ("oo-s", "9")


@pytest.mark.parametrize(
    ("request_", "kind", "path", "name"),
    [
        (BUY, "spot", "order", "origClientOrderId"),
        (order("hedge", "SELL", "MARKET", "1", symbol=PERP), "perp", "order", "origClientOrderId"),
        (
            order("stop_loss", "BUY", "STOP_LOSS", "1", symbol=PERP, stop_price="9"),
            "perp", "algoOrder", "clientAlgoId",
        ),
    ],
)  # fmt: skip
async def test_a_cancel_names_its_order_and_does_not_queue(
    request_: OrderRequest, kind: str, path: str, name: str
) -> None:
    sending, gateway = by(TAKEN)
    assert await sending.cancel("oo-1", request_, still) == TAKEN
    assert gateway.asked == [(kind, "DELETE", path, {"symbol": "BTCUSDT", name: "oo-1"}, True, None, still)]
