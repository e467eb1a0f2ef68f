"""Matching against an order book: levels are walked, limits kept, immediate remainders end."""

from decimal import Decimal
from typing import Any

import pytest

from openoutcry.market.book import Book, Level
from tests.openoutcry.sim.market import D, Market, bar, ended, fills, order, prices

BOOK = Book(bids=(Level(D(99), D(1)), Level(D(98), D(2))), asks=(Level(D(101), D(1)), Level(D(102), D(2))))


@pytest.mark.parametrize(
    ("kind", "quantity", "more", "taken", "rest"),
    [
        ("MARKET", "2", {}, [(D(101), D(1)), (D(102), D(1))], []),
        ("MARKET", "5", {}, [(D(101), D(1)), (D(102), D(2))], [("expired", "LIQUIDITY")]),
        ("MARKET", "5", {"time_in_force": "FOK"}, [], [("expired", "LIQUIDITY")]),
        ("LIMIT", "2", {"price": "101"}, [(D(101), D(1))], []),
        (
            "LIMIT",
            "2",
            {"price": "101", "time_in_force": "IOC"},
            [(D(101), D(1))],
            [("expired", "LIQUIDITY")],
        ),
        ("LIMIT", "2", {"price": "100"}, [], []),
        ("STOP_LOSS", "1", {"stop_price": "100"}, [(D(101), D(1))], []),
        ("STOP_LOSS", "1", {"stop_price": "105"}, [], []),
        ("TAKE_PROFIT", "1", {"stop_price": "105"}, [(D(101), D(1))], []),
    ],
)
def test_buying_from_a_book(
    kind: str,
    quantity: str,
    more: dict[str, Any],
    taken: list[tuple[Decimal, Decimal]],
    rest: list[tuple[str, str]],
) -> None:
    market = Market()
    events = market.place(order("entry", "BUY", kind, quantity, **more), book=BOOK)
    assert [(f.price, f.quantity) for f in fills(events)] == taken and ended(events) == rest


def test_selling_takes_the_bids_best_first() -> None:
    market = Market()
    market.place(order("entry", "BUY", "MARKET", "3"), book=BOOK)
    assert prices(market.place(order("exit", "SELL", "MARKET", "3"), seq=2, book=BOOK)) == [
        ("exit", D(99)),
        ("exit", D(98)),
    ]


def test_what_rests_after_the_book_is_matched_by_bars() -> None:
    market = Market()
    market.place(order("entry", "BUY", "LIMIT", "2", price="101"), book=BOOK)
    assert [(f.price, f.quantity) for f in fills(market.advance(1, bar(0, 102, 103, 100, 101)))] == [
        (D(101), D(1))
    ]
