"""From decision and book to orders."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given
from hypothesis import settings as effort

from openoutcry.risk.gate import review
from openoutcry.risk.levels import Levels
from openoutcry.risk.plan import Plan
from openoutcry.risk.protection import guards_of, protect
from openoutcry.settings import RiskSettings
from openoutcry.types.book import Position
from openoutcry.types.market import DataFault
from openoutcry.types.orders import OrderRequest
from tests.openoutcry.risk.books import (
    AT,
    INSTRUMENTS,
    PERP,
    PRICES,
    SPOT,
    dec,
    gate_input,
    holding,
    position,
    request,
    settings,
    working,
)
from tests.openoutcry.risk.scenes import plan, snapshot

LONG = position(SPOT, "LONG", 10)
SHORT = position(PERP, "SHORT", 10)
HEDGE = position(PERP, "SHORT", 4, role="hedge")
RISK = RiskSettings()


def guards(held: Position, seq: int = 2) -> tuple[Any, ...]:
    """The working protection of a position."""
    made = protect(held, (), seq=seq, risk=RISK, instrument=INSTRUMENTS[held.symbol])
    return tuple(working(order, seq) for order in made)


def said(made: Plan) -> list[tuple[str, str, str, str, bool]]:
    return [(o.leg, o.symbol, o.side, f"{o.quantity.normalize():f}", o.reduce_only) for o in made.orders]


KEPT = guards(LONG)
BRACKET = ((2, "stop_loss"), (2, "take_profit"))
EXIT_LONG = ("exit", SPOT, "SELL", "10", True)
EXIT_SHORT = ("exit", PERP, "BUY", "10", True)


@pytest.mark.parametrize(
    ("target", "held", "orders", "cancels"),
    [
        pytest.param("LONG", (), [("entry", SPOT, "BUY", "19.97543", False)], (), id="long from flat"),
        pytest.param("SHORT", (), [("entry", PERP, "SELL", "19.97742", False)], (), id="short from flat"),
        pytest.param("FLAT", (), [], (), id="flat from flat"),
        pytest.param("KEEP", (), [], (), id="keep flat"),
        pytest.param("LONG", (LONG,), [], (), id="no pyramiding"),
        pytest.param("KEEP", (LONG,), [], (), id="keep long"),
        pytest.param("FLAT", (LONG,), [EXIT_LONG], BRACKET, id="flat from long"),
        pytest.param("SHORT", (LONG,), [EXIT_LONG], BRACKET, id="a turn takes two rounds"),
        pytest.param("SHORT", (SHORT,), [], (), id="keep short"),
        pytest.param("FLAT", (SHORT,), [EXIT_SHORT], BRACKET, id="flat from short"),
        pytest.param("LONG", (SHORT,), [EXIT_SHORT], BRACKET, id="turn to long"),
        pytest.param(
            "FLAT",
            (LONG, HEDGE),
            [EXIT_LONG, ("hedge", PERP, "BUY", "4", True)],
            BRACKET,
            id="hedge goes with spot",
        ),
        pytest.param("KEEP", (HEDGE,), [("hedge", PERP, "BUY", "4", True)], (), id="orphaned hedge"),
    ],
)
def test_target_and_position(target: str, held: Any, orders: Any, cancels: Any) -> None:
    protected = tuple(order for p in held if p.role == "trade" for order in guards(p))
    made = plan(target, holding(*held), protected)
    assert said(made) == orders
    assert made.cancels == cancels


@pytest.mark.parametrize("target", ["FLAT", "SHORT"])
def test_blocked_entries_and_faulty_data_leave_exits_possible(target: str) -> None:
    blind = snapshot(price=None, perp=None, faults=(DataFault(symbol=SPOT, kind="gap", detail="x"),))
    made = plan(target, holding(LONG), KEPT, seen=blind, entries_blocked="BTC/USDT gap: x")
    assert said(made) == [EXIT_LONG]


def test_a_long_entry_carries_its_levels() -> None:
    made = plan("LONG", stop_loss=Decimal("96.5"))
    assert made.levels == Levels(Decimal("96.5"), Decimal(105))


def test_manual_positions_are_not_the_votes_business() -> None:
    made = plan(
        "FLAT", holding(position(SPOT, "LONG", 3, role="manual"), position(PERP, "SHORT", 3, role="manual"))
    )
    assert (made.orders, made.cancels) == ((), ())


@pytest.mark.parametrize(
    ("bars", "target", "horizons", "closed"),
    [
        (23, "KEEP", None, False),
        (24, "KEEP", None, True),
        (24, "LONG", None, False),  # the floor would open it again today
        (24, "KEEP", {1: 48}, False),
        (48, "KEEP", {1: 48}, True),
        (30, "KEEP", {9: 5}, False),  # the horizon of another position; this round's is 96 below
    ],
)
def test_a_thesis_ends_with_its_horizon(bars: int, target: str, horizons: Any, closed: bool) -> None:
    old = position(SPOT, "LONG", 10, entry_time=AT - timedelta(hours=bars) + timedelta(milliseconds=250))
    horizon = 96 if horizons == {9: 5} else 24
    made = plan(target, holding(old), KEPT, horizons=horizons, horizon_bars=horizon)
    assert [o.reason for o in made.orders] == ([f"HORIZON: held {bars} bars of {bars}"] if closed else [])
    assert made.cancels == (BRACKET if closed else ())


class TestWhatIsStillWorking:
    """Nothing is asked for twice while the venue still works on it."""

    ENTRY = working(request("entry", SPOT, "BUY", 5), 6)

    def test_an_entry_is_waited_for(self) -> None:
        made = plan("LONG", working=(self.ENTRY,))
        assert (made.orders, made.cancels) == ((), ())
        assert made.notes == ("no entry: an entry is still working",)

    @pytest.mark.parametrize(
        ("target", "blocked"), [("FLAT", None), ("SHORT", None), ("LONG", "vetoed by risk")]
    )
    def test_an_unwanted_entry_is_cancelled(self, target: str, blocked: Any) -> None:
        made = plan(target, working=(self.ENTRY,), entries_blocked=blocked)
        assert (made.orders, made.cancels) == ((), ((6, "entry"),))

    def test_a_kept_one_stays(self) -> None:
        assert plan("KEEP", working=(self.ENTRY,)).cancels == ()

    def test_an_exit_is_not_doubled(self) -> None:
        leaving = working(request("exit", SPOT, "SELL", 10, reduce_only=True), 6)
        made = plan("FLAT", holding(LONG), (leaving,))
        assert made.orders == ()
        assert made.notes == (f"{SPOT}: its exit is still working",)

    def test_protection_does_not_race_an_exit(self) -> None:
        leaving = working(request("exit", SPOT, "SELL", 10, reduce_only=True), 6)
        assert plan("KEEP", holding(LONG), (leaving,)).orders == ()

    def test_the_rest_of_a_partial_exit_is_asked_for(self) -> None:
        leaving = working(request("exit", SPOT, "SELL", 10, reduce_only=True), 6, executed=8)
        assert said(plan("FLAT", holding(LONG), (leaving,))) == [("exit", SPOT, "SELL", "8", True)]

    def test_a_hedge_order_is_waited_for(self) -> None:
        hedging = working(request("hedge", PERP, "SELL", 5), 6)
        made = plan("KEEP", holding(LONG), (*KEPT, hedging), hedge_ratio=1.0)
        assert (made.orders, made.cancels) == ((), ())

    def test_a_hedge_order_for_spot_that_is_gone_is_cancelled(self) -> None:
        hedging = working(request("hedge", PERP, "SELL", 5), 6)
        assert plan("KEEP", working=(hedging,)).cancels == ((6, "hedge"),)


@pytest.mark.parametrize(
    ("ratio", "hedged", "told", "order"),
    [
        pytest.param(0.5, 0, {}, ("SELL", "5", False), id="from none"),
        pytest.param(1.0, 4, {}, ("SELL", "6", False), id="more"),
        pytest.param(0.2, 4, {}, ("BUY", "2", True), id="less"),
        pytest.param(0.0, 4, {}, ("BUY", "4", True), id="none"),
        pytest.param(0.44, 4, {}, None, id="too small a change up"),
        pytest.param(0.36, 4, {}, None, id="too small a change down"),
        pytest.param(0.45, 4, {}, None, id="just not enough"),
        pytest.param(0.46, 4, {}, ("SELL", "0.6", False), id="just enough"),
        pytest.param(None, 4, {}, None, id="not asked"),
        pytest.param(None, 12, {}, ("BUY", "2", True), id="above the most, not asked"),
        pytest.param(1.0, 0, {"hedging": {"max_ratio": 0.6}}, ("SELL", "6", False), id="capped"),
        pytest.param(0.5, 0, {"hedging": {"enabled": False}}, None, id="switched off"),
        pytest.param(
            1.0, 0, {"risk": {"max_gross_exposure": 0.15}}, ("SELL", "4.99576", False), id="no room"
        ),
    ],
)
def test_the_hedge_follows_the_wanted_ratio(ratio: Any, hedged: float, told: Any, order: Any) -> None:
    held = (LONG, position(PERP, "SHORT", hedged, role="hedge")) if hedged else (LONG,)
    made = plan("KEEP", holding(*held), KEPT, settings(**told), hedge_ratio=ratio)
    assert [(o.side, f"{o.quantity.normalize():f}", o.reduce_only) for o in made.orders] == (
        [order] if order else []
    )
    assert all(o.leg == "hedge" and o.symbol == PERP for o in made.orders)


@pytest.mark.parametrize(
    ("vote", "standing", "order"),
    [(0.0, 1.0, ("SELL", "6")), (1.0, 0.0, ("BUY", "4")), (None, 1.0, ("SELL", "6")), (1.0, 0.4, None)],
)
def test_what_a_person_asked_stands_above_the_vote(vote: Any, standing: float, order: Any) -> None:
    held = holding(LONG, position(PERP, "SHORT", 4, role="hedge"))
    made = plan("KEEP", held, KEPT, hedge_ratio=vote, standing_hedge=standing)
    assert [(o.side, f"{o.quantity.normalize():f}") for o in made.orders] == ([order] if order else [])
    assert made.notes == (f"hedge: {standing:.2f} stands, as a person asked",)


def test_without_spot_the_hedge_is_lifted_whatever_stands() -> None:
    made = plan("KEEP", holding(position(PERP, "SHORT", 4, role="hedge")), standing_hedge=1.0)
    assert said(made) == [("hedge", PERP, "BUY", "4", True)]


@pytest.mark.parametrize("role", ["manual", "trade"])
def test_a_short_of_its_own_counts_against_the_spot_and_is_not_bought_back(role: str) -> None:
    own = position(PERP, "SHORT", 8, role=role, stop_loss=dec(120), take_profit=dec(80))
    guards = (
        working(request("stop_loss", PERP, "BUY", 8, "STOP_LOSS", stop_price=dec(120), reduce_only=True), 5),
        working(
            request("take_profit", PERP, "BUY", 8, "TAKE_PROFIT", stop_price=dec(80), reduce_only=True), 5
        ),
    )
    held = holding(LONG, own)
    orders = [o for o in plan("KEEP", held, (*KEPT, *guards), hedge_ratio=1.0).orders if o.leg == "hedge"]
    assert [(o.side, o.quantity) for o in orders] == [("SELL", 2)]
    assert [o for o in plan("KEEP", held, (*KEPT, *guards), hedge_ratio=0.0).orders if o.leg == "hedge"] == []


def test_a_hedge_is_lifted_but_not_added_without_a_price() -> None:
    faulty = snapshot(faults=(DataFault(symbol=PERP, kind="stale", detail="x"),))
    assert plan("KEEP", holding(LONG), KEPT, hedge_ratio=1.0, seen=faulty).notes == (
        "hedge: no usable perpetual price",
    )
    lifted = plan("KEEP", holding(LONG, HEDGE), KEPT, hedge_ratio=0.0, seen=snapshot(perp=None))
    assert said(lifted) == [("hedge", PERP, "BUY", "4", True)]


class TestProtection:
    """A position gets exactly the protection it lacks."""

    def legs(self, held: Position, open_orders: Any = (), seq: int = 7) -> list[OrderRequest]:
        return list(protect(held, open_orders, seq=seq, risk=RISK, instrument=INSTRUMENTS[held.symbol]))

    @pytest.mark.parametrize(
        ("held", "side", "stop", "target"),
        [
            (LONG, "SELL", "98", "105"),
            (SHORT, "BUY", "102", "95"),
            (
                LONG.model_copy(update={"stop_loss": Decimal(95), "take_profit": Decimal(120)}),
                "SELL",
                "95",
                "120",
            ),
            # the market opened below the stop that was planned
            (
                LONG.model_copy(update={"entry_price": Decimal(90), "stop_loss": Decimal(95)}),
                "SELL",
                "88.2",
                "94.5",
            ),
        ],
    )
    def test_both_legs(self, held: Position, side: str, stop: str, target: str) -> None:
        first, second = self.legs(held)
        assert (first.leg, first.type, first.stop_price) == ("stop_loss", "STOP_LOSS", Decimal(stop))
        assert (second.leg, second.type, second.stop_price) == ("take_profit", "TAKE_PROFIT", Decimal(target))
        for leg in (first, second):
            assert (leg.side, leg.quantity, leg.reduce_only, leg.oco_group) == (
                side,
                10,
                True,
                "bracket-7-p1",
            )
            assert review(leg, gate_input(holding(held), halted=True), settings()).kind == "approved"

    def test_nothing_twice(self) -> None:
        assert self.legs(LONG, KEPT) == []

    def test_a_later_fill_gets_a_pair_of_its_own(self) -> None:
        more = LONG.model_copy(update={"quantity": Decimal(16)})
        assert [(o.quantity, o.oco_group) for o in self.legs(more, KEPT)] == [
            (6, "bracket-7-p1"),
            (6, "bracket-7-p1"),
        ]

    def test_a_lost_leg_rejoins_its_sibling(self) -> None:
        (order,) = self.legs(LONG, KEPT[1:])
        assert (order.leg, order.oco_group) == ("stop_loss", "bracket-2-p1")

    def test_the_plan_leaves_protection_to_what_comes_after_the_fills(self) -> None:
        assert plan("KEEP", holding(LONG)).orders == ()
        assert [o.leg for o in plan("FLAT", holding(LONG)).orders] == ["exit"]

    def test_a_lost_leg_joins_the_sibling_at_its_own_positions_price(self) -> None:
        beside = LONG.model_copy(update={"ordinal": 2, "stop_loss": Decimal(90)})
        theirs = guards(beside, seq=3)
        (order,) = protect(
            LONG, (*KEPT[:1], *theirs), seq=7, risk=RISK, instrument=INSTRUMENTS[SPOT], reserved={"take_profit": Decimal(10)}
        )  # fmt: skip
        assert (order.leg, order.oco_group) == ("take_profit", "bracket-2-p1")

    def test_a_position_that_is_to_have_no_target_takes_none_from_another(self) -> None:
        manual = LONG.model_copy(update={"role": "manual", "stop_loss": Decimal(95)})
        assert (guards_of(manual), guards_of(LONG)) == (("stop_loss",), ("stop_loss", "take_profit"))
        (order,) = self.legs(manual, KEPT[1:])
        assert (order.leg, order.oco_group) == ("stop_loss", "bracket-7-p1")

    def test_dust_cannot_be_protected(self) -> None:
        assert self.legs(LONG.model_copy(update={"quantity": Decimal("0.000001")})) == []


@given(
    target=st.sampled_from(["LONG", "SHORT", "FLAT", "KEEP"]),
    confidence=st.floats(0, 1),
    size_factor=st.floats(0, 1),
    ratio=st.one_of(st.none(), st.floats(0, 1)),
    stop=st.one_of(st.none(), st.decimals("1", "300", places=2)),
    long=st.decimals("0", "19", places=3),
    short=st.decimals("0", "19", places=3),
    hedge=st.decimals("0", "19", places=3),
    guarded=st.booleans(),
)
@effort(max_examples=300, deadline=None)
def test_the_gate_passes_what_is_planned(
    target: str,
    confidence: float,
    size_factor: float,
    ratio: Any,
    stop: Any,
    long: Decimal,
    short: Decimal,
    hedge: Decimal,
    guarded: bool,
) -> None:
    """In calm times the plan never asks for what the gate would refuse, and sends every leg once."""
    held = [
        p
        for p in (
            position(SPOT, "LONG", long) if long else None,
            position(PERP, "SHORT", short) if short and not long else None,
            position(PERP, "SHORT", hedge, role="hedge") if hedge and long else None,
        )
        if p is not None
    ]
    portfolio = holding(*held)
    open_orders = tuple(g for p in portfolio.positions if p.role == "trade" and guarded for g in guards(p))
    told = settings(risk={"max_position_size": 0.2, "max_gross_exposure": 0.35})
    made = plan(
        target,
        portfolio,
        open_orders,
        told,
        confidence=confidence,
        size_factor=size_factor,
        hedge_ratio=ratio,
        stop_loss=stop,
    )
    gone = set(made.cancels)
    left = tuple(o for o in open_orders if (o.state.order_seq, o.state.leg) not in gone)
    book = gate_input(portfolio, working=left, prices=PRICES)
    for order in made.orders:
        verdict = review(order, book, told)
        assert verdict.kind == "approved", (order, verdict)
        book = book.after(order, 7)
    assert len({o.leg for o in made.orders}) == len(made.orders)
