"""Within a round nobody sees beyond ``as_of``: a table of every tool of every server, and what holds of each kind.

A tool that is not in the table fails the first test: whoever adds one says here how it is kept from the future.
"""

import contextlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Literal

import pytest

from openoutcry.types.timeframes import millis
from tests.contract.asking import arguments
from tests.contract.offered import OFFERS, Offer, each
from tests.contract.test_answers import content_of
from tests.contract.test_refusals import refusal
from tests.contract.world import AS_OF, World

pytestmark = pytest.mark.asyncio(loop_scope="module")
Kind = Literal["cut", "present", "given", "book", "acts"]
TOOLS: dict[Kind, tuple[str, ...]] = {
    # What it tells of the market ends at the round's as_of.
    "cut": (
        "market: get_basis get_book_pressure get_candles get_data_freshness get_funding_rate get_market_snapshot get_order_book"
        " get_price get_ticker_24h list_symbols",
        "indicators: calculate_adx calculate_bollinger_bands calculate_ema calculate_indicator calculate_macd calculate_rsi"
        " correlation_matrix detect_patterns detect_regime evaluate_signal evaluate_strategy indicator_snapshot market_context"
        " support_resistance",
        "risk: analyze_hedge calculate_sharpe calculate_var study_hedge",
        "news: get_fear_greed get_headlines",
    ),
    # It can only tell of the present moment: refused within a round.
    "present": ("market: get_open_interest get_recent_trades",),
    # It computes with the caller's own numbers, or tells what is written in the code.
    "given": (
        "indicators: compute_indicator kb_get_backlinks kb_get_document kb_get_documents_by_tag kb_glossary_lookup"
        " kb_list_documents kb_list_glossary kb_list_indicators kb_list_signals kb_list_tags kb_search kb_status list_signals",
        "risk: calculate_drawdown calculate_position_size check_portfolio_limits get_risk_limits",
        "execution: get_mode",
    ),
    # It tells of the session's own book, valued at as_of, or of its own past up to then.
    "book": (
        "memory: agent_track_record explain_decision get_decision search_decisions similar_decisions",
        "risk: get_exposure get_portfolio review_order stress_test",
        "execution: get_balances get_order_status get_positions get_session_stats list_orders list_reconciliations preview_order",
    ),
    # It does something, and tells what it did.
    "acts": (
        "risk: keep_model_answer recall_model_answer reserve_model_call settle_model_call",
        "execution: cancel_order close_hedges execute_hedges halt_trading place_limit_order place_market_order place_order"
        " start_session stop_session sync_account",
    ),
}
KIND_OF = {
    f"{line.partition(': ')[0]}.{name}": kind
    for kind, lines in TOOLS.items()
    for line in lines
    for name in line.partition(": ")[2].split()
}
AHEAD = frozenset({"next_at"})
"""Instants that are known before they come: when funding is paid next."""
LATER = AS_OF + timedelta(hours=1)


def kind(offer: Offer) -> str | None:
    return KIND_OF.get(f"{offer.server}.{offer.name}")


def of(*kinds: Kind) -> Any:
    return each(lambda offer: kind(offer) in kinds)


def instants(value: Any, key: str = "") -> Iterator[tuple[str, datetime | int]]:
    """Every time told anywhere in an answer, as ISO text or in milliseconds."""
    if isinstance(value, dict):
        for name, one in value.items():
            yield from instants(one, name)
    elif isinstance(value, list):
        for one in value:
            yield from instants(one, key)
    elif isinstance(value, str) and len(value) >= 19 and value[4:5] == "-" and value[10:11] in "T ":
        with contextlib.suppress(ValueError):  # a sentence that begins with a day
            yield key, datetime.fromisoformat(value)
    elif isinstance(value, int) and key in ("timestamp", "at_ms"):
        yield key, value


async def test_every_tool_of_every_server_is_in_the_table() -> None:
    served = {f"{offer.server}.{offer.name}" for offer in OFFERS if not offer.of_agent}
    assert served == set(KIND_OF)


@each(lambda offer: not offer.of_agent)
@pytest.mark.parametrize("name", ["as_of", "at", "now", "since", "until", "end"])
async def test_a_time_beyond_the_round_is_refused(floor: World, offer: Offer, name: str) -> None:
    given = {**arguments(offer, **floor.known), name: LATER.isoformat()}
    body = refusal(await floor.ask(offer, given, in_round=True, informed=True))
    assert (body["code"], body["field"]) == ("INVALID_ARGUMENT", name)


@of("cut", "book")
async def test_nothing_it_tells_is_later_than_the_round(floor: World, offer: Offer) -> None:
    informed = offer.server != "execution"  # the first floor's process holds the account
    result = await floor.ask(offer, arguments(offer, **floor.known), in_round=True, informed=informed)
    if result.is_error:
        assert refusal(result)["code"] == "DATA_UNAVAILABLE"
        return
    for name, at in instants(content_of(result)):
        late = at > millis(AS_OF) if isinstance(at, int) else at > AS_OF
        assert not late or name in AHEAD, (name, at)


@of("present")
async def test_what_is_known_of_the_present_only_is_refused(floor: World, offer: Offer) -> None:
    body = refusal(await floor.ask(offer, arguments(offer, **floor.known), in_round=True))
    assert body["code"] == "DATA_UNAVAILABLE" and "as_of" in body["message"]


@each(lambda offer: kind(offer) == "cut" and offer.server == "news")
async def test_later_news_would_have_been_noticed(floor: World, offer: Offer) -> None:
    given, later = arguments(offer, **floor.known), AS_OF + timedelta(hours=25)
    assert await floor.ask(offer, given, in_round=True) == await floor.ask(
        offer, given, in_round=True, informed=True
    )
    before = await floor.ask(offer, given, in_round=True, as_of=later)
    assert before != await floor.ask(offer, given, in_round=True, as_of=later, informed=True)
