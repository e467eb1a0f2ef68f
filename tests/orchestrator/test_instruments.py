"""The gate goes by each symbol's own rules as its exchange tells them, and so does every record after."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import pytest

from openoutcry.ledger.chain import link
from openoutcry.ports import AccountSync
from openoutcry.risk.instruments import instrument_at
from openoutcry.types.market import Instrument
from openoutcry.types.orders import Refused
from openoutcry.types.record import CycleRecord
from orchestrator.broker import McpBroker
from orchestrator.manual import flatten
from orchestrator.turn import Turn
from tests.mcp_servers.execution.floor import ROOT
from tests.mcp_servers.execution.venue import PERP, SPOT, order
from tests.openoutcry.voting.ballots import SEATS
from tests.orchestrator.test_leftovers import Calm, Ledger, Trader, told, trader

__all__ = ["trader"]
COARSE = Instrument(symbol=SPOT, kind="spot", price_tick="0.5", quantity_step="0.25", min_notional="60")
PERPS = Instrument(symbol=PERP, kind="perp", price_tick="0.1", quantity_step="2", min_notional="100")


class Ruled(McpBroker):
    """The execution server of an exchange that has rules of its own; ``rules`` empty: that tells none now."""

    rules: tuple[Instrument, ...] = ()

    async def sync(self) -> AccountSync:
        return replace(await super().sync(), instruments=self.rules)


@dataclass
class AtAnExchange(Trader):
    """Orders by hand at such an exchange."""

    rules: tuple[Instrument, ...] = (COARSE, PERPS)

    def floor(self, ledger: Any) -> Calm:
        trader, server = self, self.server

        class Ours(Calm):
            def broker(self, turn: Turn) -> Any:
                if self.recorded is not None:
                    return super().broker(turn)
                broker = Ruled(server.server, seq=turn.seq, cursor=turn.desk.cursor, round_token=turn.token)
                broker.rules = trader.rules
                return broker

        return Ours(server.home, ledger, {"execution": server.server}, {}, SEATS, ROOT, self.settings)


@pytest.fixture
async def exchange(trader: Trader) -> AsyncIterator[AtAnExchange]:
    yield AtAnExchange(trader.server)


def refusals(record: CycleRecord) -> dict[str, tuple[str, str, str]]:
    """By leg: rule, value, limit."""
    verdicts = ((o.request.leg, o.verdict) for o in record.orders)
    return {leg: (v.rule, v.value, v.limit) for leg, v in verdicts if isinstance(v, Refused)}


WISHES = (
    order("manual-1", "BUY", "MARKET", "0.6"),
    order("manual-2", "BUY", "LIMIT", "1", price="99.3"),
    order("manual-3", "BUY", "MARKET", "0.5"),
    order("manual-4", "BUY", "MARKET", "0.75"),
)


async def test_orders_are_held_to_the_rules_of_their_own_symbol(exchange: AtAnExchange) -> None:
    record = await exchange.orders(*WISHES)
    assert refusals(record) == {
        "manual-1": ("quantity_step", "0.6", "0.25"),
        "manual-2": ("price_tick", "99.3", "0.5"),
        "manual-3": ("min_notional", "50", "60"),
    }
    assert told(record)["manual-4"] == "FILLED"


async def test_rules_that_an_exchange_does_not_tell_now_are_those_it_told_last(
    exchange: AtAnExchange,
) -> None:
    await exchange.orders()
    exchange.rules = ()
    record = await exchange.orders(*WISHES)
    assert [rule for rule, _, _ in refusals(record).values()] == [
        "quantity_step",
        "price_tick",
        "min_notional",
    ]
    assert exchange.desk.instruments == {SPOT: COARSE, PERP: PERPS}
    venue = exchange.settings.venue
    assert exchange.desk.instrument("ETH/USDT", venue) == instrument_at("ETH/USDT", venue, None)


async def test_a_record_is_recomputed_by_the_rules_it_was_made_under(exchange: AtAnExchange) -> None:
    record = await exchange.orders(*WISHES)
    assert record.detail["instruments"] == [one.model_dump(mode="json") for one in (COARSE, PERPS)]
    exchange.desk, exchange.rules = exchange.fresh(), ()
    assert link(await exchange.orders(*WISHES, recorded=record)) == link(record)


async def test_everything_is_closed_in_the_symbols_own_steps(exchange: AtAnExchange) -> None:
    await exchange.orders(order("manual-1", "BUY", "MARKET", "1"))
    held = exchange.desk.portfolio.positions[0].model_copy(update={"quantity": Decimal("0.9")})
    exchange.desk.portfolio = exchange.desk.portfolio.model_copy(update={"positions": (held,)})
    ledger = Ledger()
    await flatten(exchange.floor(ledger), exchange.desk, "enough")
    [planned] = ledger.records[0].orders
    assert (planned.request.leg, planned.request.quantity) == ("flatten-1", Decimal("0.75"))


async def test_a_round_plans_by_them(exchange: AtAnExchange) -> None:
    record = await exchange.round()
    [entry] = [one.request for one in record.orders if one.request.leg == "entry"]
    stop = next(one.request for one in record.orders if one.request.leg == "stop_loss")
    assert entry.quantity % COARSE.quantity_step == 0 == stop.stop_price % COARSE.price_tick
    assert stop.quantity == entry.quantity
