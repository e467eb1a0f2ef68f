"""``/api/v1/signals``: the registry of signals, listed, searched, and matched against a description."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from litestar import get, post
from litestar.params import PathParameter, QueryParameter

from api.bodies import PLAIN, Body, read_body
from api.failures import Failure, invalid_body
from api.market import apart
from api.params import Offset, one_of, read_choice
from api.requests import AnyRequest
from api.shapes.base import Shape
from api.shapes.described import Params
from api.shapes.signals import OneSignal, SearchList, SignalItem, SignalList, item
from openoutcry.errors import BadInput
from openoutcry.signals.declare import Signal
from openoutcry.signals.leaning import LEANINGS, leaning
from openoutcry.signals.likeness import Match, matches, words
from openoutcry.signals.registry import REGISTRY, find

MOST = 100
MOST_QUERY = 500
CATEGORIES = tuple(sorted({signal.category for signal in REGISTRY.values()}))
ROLES = ("trigger", "filter")
SEARCHES = ("name", "params", "keywords")
SignalName = Annotated[str, PathParameter(description="The signal's name.")]
Limit = Annotated[
    int, QueryParameter(ge=1, le=MOST, description="At most this many (default 50).", required=False)
]


class Search(Body, frozen=True, kw_only=True):
    """``search_type``: name, params (a parameter's name), or keywords (every word in name, category or description)."""

    query: str
    search_type: str = "name"
    limit: int = 20
    offset: int = 0
    category: str | None = None
    regime_direction: str | None = None
    role: str | None = None


class Wish(Body, frozen=True, kw_only=True):
    """What is wanted, in words; ``user_description`` and ``num_results`` are other names for the same.

    The words of ``user_intent`` count as part of it; ``regime_direction`` and ``role`` leave only such signals.
    """

    description: str | None = None
    user_description: str | None = None
    top_k: int | None = None
    num_results: int | None = None
    similarity_threshold: float = 0.3
    user_intent: dict[str, Any] | None = None
    regime_direction: str | None = None
    role: str | None = None


class MatchItem(Shape, frozen=True, kw_only=True):
    """A signal that is like the description; scores from 0 to 1."""

    signal_name: str
    description: str
    category: str
    signal_type: Literal["TRIGGER", "FILTER"]
    similarity_score: float
    semantic_score: float
    intent_score: float
    usecase_score: float
    params: Params
    match_reasoning: str


class MatchList(Shape, frozen=True, kw_only=True):
    """The signals most like a description, best first."""

    success: bool
    query: str
    top_k: int
    similarity_threshold: float
    matches: list[MatchItem]
    method: str


@get("/api/v1/signals", tags=["signals"])
async def list_signals(
    limit: Limit = 50,
    offset: Offset = 0,
    category: Annotated[str | None, one_of(CATEGORIES)] = None,
    regime_direction: Annotated[str | None, one_of(LEANINGS)] = None,
    role: Annotated[str | None, one_of(ROLES)] = None,
) -> SignalList:
    """Every signal there is, by name; the filters combine."""
    wanted = {
        "category": read_choice(category, "category", CATEGORIES),
        "regime_direction": read_choice(regime_direction, "regime_direction", LEANINGS),
        "role": read_choice(role, "role", ROLES),
    }
    found = [
        signal
        for _, signal in sorted(REGISTRY.items())
        if wanted["category"] in (None, signal.category)
        and wanted["regime_direction"] in (None, leaning(signal))
        and wanted["role"] in (None, signal.kind.lower())
    ]
    shown, following = _page(found, limit, offset)
    return SignalList(
        success=True,
        signals=shown,
        total=len(found),
        limit=limit,
        offset=offset,
        has_more=following is not None,
        next_offset=following,
        filter=wanted,
    )


@get("/api/v1/signals/{name:str}", tags=["signals"])
async def get_signal(name: SignalName) -> OneSignal:
    """One signal with its parameters."""
    found = item(known(name))
    values = {field: getattr(found, field) for field in SignalItem.__struct_fields__}
    return OneSignal(**values, success=True, signal=found)


@post(
    "/api/v1/signals/search",
    tags=["signals"],
    body=Search,
    example={"query": "rsi", "search_type": "name", "limit": 20},
    status_code=200,
)
async def search_signals(request: AnyRequest) -> SearchList:
    """Signals whose name, parameters or words contain what is asked."""
    asked = await read_body(request, Search, PLAIN)
    query = _query(asked.query, "query")
    kind = read_choice(asked.search_type, "search_type", SEARCHES) or "name"
    _bounded(asked.limit, 1, MOST, "limit")
    _bounded(asked.offset, 0, 1_000_000, "offset")
    wanted = {
        "category": read_choice(asked.category, "category", CATEGORIES),
        "regime_direction": read_choice(asked.regime_direction, "regime_direction", LEANINGS),
        "role": read_choice(asked.role, "role", ROLES),
    }
    found = [
        signal
        for _, signal in sorted(REGISTRY.items())
        if _fits(signal, query.lower(), kind)
        and wanted["category"] in (None, signal.category)
        and wanted["regime_direction"] in (None, leaning(signal))
        and wanted["role"] in (None, signal.kind.lower())
    ]
    shown, following = _page(found, asked.limit, asked.offset)
    return SearchList(
        success=True,
        signals=shown,
        total=len(found),
        limit=asked.limit,
        offset=asked.offset,
        has_more=following is not None,
        next_offset=following,
        filter=wanted,
        query=query,
        search_type=kind,
    )


@post(
    "/api/v1/signals/match",
    tags=["signals"],
    body=Wish,
    example={"description": "buy when RSI crosses up out of oversold", "top_k": 5},
    status_code=200,
)
async def match_signals(request: AnyRequest) -> MatchList:
    """Signals most like a description in words, by the floor's own offline embedder and the words they share."""
    wish = await read_body(request, Wish, PLAIN)
    text = wish.description or wish.user_description
    if text is None:
        raise Failure(400, "Missing required fields: description", code="MISSING_FIELD", field="description")
    query = _query(text, "description")
    most = wish.top_k or wish.num_results or 5
    _bounded(most, 1, MOST, "top_k")
    if not 0 <= wish.similarity_threshold <= 1:
        raise invalid_body("similarity_threshold must be from 0 to 1", "similarity_threshold")
    direction = read_choice(wish.regime_direction, "regime_direction", LEANINGS)
    role = read_choice(wish.role, "role", ROLES)
    said = " ".join([query, *(str(value) for value in (wish.user_intent or {}).values())])[:MOST_QUERY]
    every = await apart(lambda: matches(said, len(REGISTRY), wish.similarity_threshold))
    found = [
        one
        for one in every
        if direction in (None, leaning(one.signal)) and role in (None, one.signal.kind.lower())
    ][:most]
    return MatchList(
        success=True,
        query=query,
        top_k=most,
        similarity_threshold=wish.similarity_threshold,
        matches=[_match(one) for one in found],
        method="0.5 semantic (text:hash-v1) + 0.35 shared words + 0.15 kind, direction and category",
    )


def known(name: str) -> Signal:
    """The signal of a path. Raises Failure 404 with the nearest name there is."""
    try:
        return find(name)
    except BadInput as error:
        raise Failure(404, "signal not found", details=str(error), name=name[:100]) from error


def _match(found: Match) -> MatchItem:
    shared = f"shares {', '.join(found.shared)}" if found.shared else "shares no word"
    return MatchItem(
        signal_name=found.signal.name,
        description=found.signal.summary,
        category=found.signal.category,
        signal_type=found.signal.kind,
        similarity_score=found.similarity,
        semantic_score=found.semantic,
        intent_score=found.intent,
        usecase_score=found.usecase,
        params={param.name: param.default for param in found.signal.params},
        match_reasoning=f"{found.signal.kind} in {found.signal.category}, {leaning(found.signal)}: {shared} with the description",
    )


def _fits(signal: Signal, query: str, kind: str) -> bool:
    if kind == "name":
        return query.replace(" ", "_") in signal.name
    if kind == "params":
        return any(query in param.name for param in signal.params)
    own = words(f"{signal.name} {signal.category} {signal.summary}")
    return words(query) <= own and bool(words(query))


def _page(found: Sequence[Signal], limit: int, offset: int) -> tuple[list[SignalItem], int | None]:
    shown = [item(signal) for signal in found[offset : offset + limit]]
    return shown, offset + limit if offset + limit < len(found) else None


def _query(text: str, field: str) -> str:
    said = text.strip()
    if not 1 <= len(said) <= MOST_QUERY:
        raise invalid_body(f"{field}: 1 to {MOST_QUERY} characters", field)
    return said


def _bounded(value: int, low: int, high: int, field: str) -> None:
    if not low <= value <= high:
        raise invalid_body(f"{field}: {value} must be from {low} to {high}", field)


HANDLERS = [list_signals, get_signal, search_signals, match_signals]
