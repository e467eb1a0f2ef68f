"""A strategy's account: its share of what it voted into being, and nothing else."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openoutcry.strategy.account import Stake, execution_state

START = Decimal(10_000)
BASE = Stake("BTC/USDT", False, Decimal(0), Decimal(100), Decimal(50), Decimal(0), Decimal(2), 0.8, 0.8)


def state(*stakes: Stake) -> tuple[Decimal, Decimal, int, int]:
    found = execution_state(START, stakes)
    return found.cash_balance, found.account_value, found.total_trades, found.num_open_positions


def test_before_its_first_trade_it_has_what_it_began_with() -> None:
    assert state() == (START, START, 0, 0)


def test_a_closed_trade_leaves_its_net_result() -> None:
    assert state(BASE) == (Decimal(10_048), Decimal(10_048), 1, 0)


def test_of_a_decision_it_did_not_carry_alone_it_has_its_part() -> None:
    assert state(BASE._replace(strength=0.4, strength_of_all=1.6)) == (Decimal(10_012), Decimal(10_012), 1, 0)


def test_an_open_spot_position_ties_cash_and_a_perpetual_does_not() -> None:
    held = BASE._replace(
        open=True, quantity=Decimal(3), realized_pnl=Decimal(0), unrealized_pnl=Decimal(30), fees=Decimal(1)
    )
    assert state(held) == (Decimal(10_029) - Decimal(330), Decimal(10_029), 0, 1)
    assert state(held._replace(symbol="BTC/USDT:USDT")) == (Decimal(10_029), Decimal(10_029), 0, 1)


@pytest.mark.parametrize("of_all", [0.0, -1.0])
def test_a_vote_without_strength_owns_nothing(of_all: float) -> None:
    assert state(BASE._replace(strength=0.0, strength_of_all=of_all)) == (START, START, 0, 0)


@given(st.lists(st.floats(0.01, 100), min_size=1, max_size=6), st.decimals(-900, 900, places=8))
def test_the_shares_of_all_voices_add_up_to_the_floors_result(strengths: list[float], pnl: Decimal) -> None:
    total = sum(strengths)
    voices = [
        BASE._replace(strength=s, strength_of_all=total, realized_pnl=pnl, fees=Decimal(0)) for s in strengths
    ]
    shares = sum((state(one)[1] - START for one in voices), Decimal(0))
    assert abs(shares - pnl) < Decimal("0.00001")
