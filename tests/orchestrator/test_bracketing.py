"""A manual order's protection: as it was asked for, else the configured stop; and stops that follow the price."""

from dataclasses import replace
from decimal import Decimal as D
from types import SimpleNamespace
from typing import Any

import pytest

from openoutcry.errors import BadInput
from openoutcry.portfolio import opening
from openoutcry.risk.instruments import instrument_at
from openoutcry.risk.protection import of_others, protect
from openoutcry.settings import Settings, parse
from openoutcry.types.book import Portfolio, Position
from openoutcry.types.commands import PlaceOrder
from openoutcry.types.orders import OrderRequest, OrderState, WorkingOrder
from orchestrator import manual
from orchestrator.bracketing import bracket_of, follow
from orchestrator.desk import Desk
from tests.factories import SETTINGS, START, facts_of

SPOT = "BTC/USDT"


def held(quantity: str = "1", role: str = "manual", **more: Any) -> Position:
    given = {
        "ordinal": 1, "symbol": SPOT, "side": "LONG", "role": role, "quantity": quantity, "entry_quantity": quantity,
        "entry_price": "100", "entry_time": START, "opened_seq": 3, **more,
    }  # fmt: skip
    return Position.model_validate(given)


def desk_of(*positions: Position, **more: Any) -> Desk:
    portfolio: Portfolio = opening("USDT", D(10_000)).model_copy(update={"positions": positions})
    return Desk(facts_of(), None, 5, "", portfolio, marks={SPOT: D(100)}, **more)  # type: ignore[arg-type]


def wish(**more: Any) -> PlaceOrder:
    return PlaceOrder.model_validate(
        {"symbol": SPOT, "side": "BUY", "type": "MARKET", "quantity": "1", **more}
    )


def test_an_order_that_opens_gets_what_it_asks_for_else_the_configured_stop() -> None:
    asked = bracket_of(wish(stop_loss="97", take_profit="110"), desk_of(), SETTINGS)
    assert asked is not None and (asked.stop_loss, asked.take_profit, asked.trail) == (D(97), D(110), None)
    usual = bracket_of(wish(), desk_of(), SETTINGS)
    assert usual is not None and (usual.stop_loss, usual.take_profit) == (D(98), None)
    short = bracket_of(wish(side="SELL", take_profit="90"), desk_of(), SETTINGS)
    assert short is not None and (short.stop_loss, short.take_profit) == (D(102), D(90))
    trails = bracket_of(wish(trailing_stop=0.05), desk_of(), SETTINGS)
    assert trails is not None and (trails.stop_loss, trails.trail) == (D(95), 0.05)
    resting = bracket_of(wish(type="LIMIT", price="50"), desk_of(), SETTINGS)
    assert resting is not None and resting.stop_loss == D(49)
    unprotected = parse({"risk": {"protect_manual": False}})
    assert bracket_of(wish(), desk_of(), unprotected) is None


async def test_an_order_before_the_first_round_is_protected_at_the_price_that_its_look_finds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # No record has told a price yet: the order stayed without a stop for ever (simulator, seed 9).
    found = []

    async def act(*_: Any, protected: manual.Protected) -> None:
        found.append(protected({SPOT: D(100)}))

    async def no_order(*_: Any) -> None:
        """It was not made before."""

    monkeypatch.setattr(manual, "act", act)
    floor: Any = SimpleNamespace(settings=SETTINGS, store=SimpleNamespace(order_of_leg=no_order))
    await manual.place_order(floor, replace(desk_of(), marks={}), wish(), 1)
    await manual.place_order(floor, desk_of(), wish(type="LIMIT", price="50"), 2)
    assert [bracket and bracket.stop_loss for bracket in found] == [D(98), D(49)]


def test_an_order_that_closes_needs_none() -> None:
    assert bracket_of(wish(side="SELL"), desk_of(held()), SETTINGS) is None
    assert bracket_of(wish(side="SELL", quantity="2"), desk_of(held()), SETTINGS) is not None


@pytest.mark.parametrize(
    ("changes", "positions", "field"),
    [
        ({"stop_loss": "100"}, (), "stop_loss"),
        ({"stop_loss": "101", "take_profit": "110"}, (), "stop_loss"),
        ({"take_profit": "99"}, (), "take_profit"),
        ({"side": "SELL", "stop_loss": "99"}, (), "stop_loss"),
        ({"type": "LIMIT", "price": "90", "stop_loss": "95"}, (), "stop_loss"),
        ({"side": "SELL", "stop_loss": "110"}, (held(),), "stop_loss"),
        ({"side": "SELL", "trailing_stop": 0.1}, (held(),), "trailing_stop"),
    ],
)
def test_protection_that_makes_no_sense_is_refused_by_name(
    changes: dict[str, Any], positions: tuple[Position, ...], field: str
) -> None:
    with pytest.raises(BadInput, match=f"^{field}: ") as refused:
        bracket_of(wish(**changes), desk_of(*positions), SETTINGS)
    assert refused.value.field == field


def test_no_price_no_bracket_unless_it_was_asked_for() -> None:
    desk = desk_of()
    desk.marks = {}
    assert bracket_of(wish(), desk, SETTINGS) is None
    with pytest.raises(BadInput, match="stop_loss: no price"):
        bracket_of(wish(stop_loss="1"), desk, SETTINGS)


STOP = WorkingOrder(
    request=OrderRequest(
        leg="stop_loss", symbol=SPOT, side="SELL", type="STOP_LOSS", quantity=D(1), stop_price=D(95), reduce_only=True,
    ),
    state=OrderState(order_seq=3, leg="stop_loss", status="NEW"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("role", "settings", "trails"),
    [("manual", Settings(), {3: 0.05}), ("trade", parse({"risk": {"trailing_stop": 0.05}}), {})],
)
def test_a_stop_follows_the_price_from_round_to_round_and_never_back(
    role: str, settings: Settings, trails: dict[int, float]
) -> None:
    desk = desk_of(held(role=role, stop_loss="95"), trails=trails, working={(3, "stop_loss"): STOP})
    books = desk.books()
    assert follow(books, desk, settings, {SPOT: D("100.2")}) == ()  # a crumb is not worth two orders
    assert follow(books, desk, settings, {SPOT: D(120)}) == ((3, "stop_loss"),)
    [position] = books.portfolio.positions
    assert position.stop_loss == D(114)  # beyond the entry by now
    assert follow(books, desk, settings, {SPOT: D(110)}) == () and books.portfolio.positions == (position,)
    del books.orders[3, "stop_loss"]
    rules = instrument_at(SPOT, settings.venue, D(110))
    legs = protect(position, books.working(), seq=5, risk=settings.risk, instrument=rules, trailing=True)
    assert (legs[0].leg, legs[0].stop_price) == ("stop_loss", D(114))
    assert [leg.leg for leg in legs] == (["stop_loss"] if role == "manual" else ["stop_loss", "take_profit"])


def test_without_a_distance_stops_stand_still() -> None:
    desk = desk_of(held(stop_loss="95"))
    assert follow(desk.books(), desk, Settings(), {SPOT: D(150)}) == ()


def test_one_positions_stop_is_not_taken_for_anothers() -> None:
    rules = instrument_at(SPOT, SETTINGS.venue, D(100))

    def lacks(one: Position, other: Position) -> list[tuple[str, D]]:
        both = sorted((one, other), key=lambda position: position.ordinal)
        others = of_others(one, both, [STOP])
        legs = protect(one, [STOP], seq=5, risk=SETTINGS.risk, instrument=rules, reserved=others)
        return [(leg.leg, leg.quantity) for leg in legs]

    first, second = held(role="trade"), held("0.5", ordinal=2, stop_loss="90")
    assert lacks(first, second) == [("take_profit", D(1))]  # nobody's by its price: the older one's
    assert lacks(second, first) == [("stop_loss", D("0.5"))]
    second = held("0.5", ordinal=2, stop_loss="95")  # by its price the second's
    assert lacks(first, second) == [("stop_loss", D("0.5")), ("take_profit", D(1))]
    assert lacks(second, first) == []


def test_a_stop_that_follows_leaves_another_positions_stop_alone() -> None:
    beside = held("0.5", ordinal=2, stop_loss="94", opened_seq=4)
    theirs = STOP.model_copy(update={"request": STOP.request.model_copy(update={"stop_price": D(94)}),
                                     "state": OrderState(order_seq=4, leg="stop_loss", status="NEW")})  # fmt: skip
    working = {(3, "stop_loss"): STOP, (4, "stop_loss"): theirs}
    desk = desk_of(held(stop_loss="95"), beside, trails={3: 0.05}, working=working)
    assert follow(desk.books(), desk, Settings(), {SPOT: D(120)}) == ((3, "stop_loss"),)
