"""What news says of a market, as three typed fields: nothing that was written passes, only these numbers and names.

The rules count words of a small list of finance terms; a negation just before a word turns it. A model may read instead
(``agents/llm/quarantine.py``), into the same fields.
"""

import re
from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from openoutcry.news.item import NewsItem
from openoutcry.types.frozen import Frozen

NAMES: dict[str, frozenset[str]] = {
    "BTC": frozenset({"btc", "xbt", "bitcoin"}),
    "ETH": frozenset({"eth", "ether", "ethereum"}),
    "SOL": frozenset({"sol", "solana"}),
    "BNB": frozenset({"bnb", "binance coin"}),
    "XRP": frozenset({"xrp", "ripple"}),
    "DOGE": frozenset({"doge", "dogecoin"}),
}
MARKET = frozenset({"crypto", "cryptocurrency", "cryptocurrencies", "market", "markets", "etf", "stablecoin"})
GOOD_WORDS = """
adopt adopts adoption approval approved approves breakout bull bullish gain gains growth high inflow inflows jump
jumps launch optimism partnership profit rally rallies rebound record recover recovers recovery rise rises rising
soar soars surge surges upgrade
"""
GOOD = frozenset(GOOD_WORDS.split())
BAD_WORDS = """
attack ban banned bans bear bearish breach collapse crash crashes crisis decline declines default drop drops exploit
fall falls falling fear fears fraud hack hacked halt insolvency lawsuit liquidation liquidations loss losses outage
outflow outflows panic plunge plunges reject rejected selloff slump slumps sue sued tumble warning
"""
BAD = frozenset(BAD_WORDS.split())
NOT = frozenset({"no", "not", "never", "without", "denies", "deny", "isn", "wasn", "unlikely"})
ENTITIES = tuple(NAMES)


class Reading(Frozen):
    """``sentiment`` -1 to 1, ``relevance`` for the asked market 0 to 1, ``entities`` out of a closed list."""

    sentiment: Annotated[float, Field(ge=-1.0, le=1.0)]
    relevance: Annotated[float, Field(ge=0.0, le=1.0)]
    entities: Annotated[tuple[str, ...], Field(max_length=len(ENTITIES))] = ()


def read_by_rules(item: NewsItem, base: str) -> Reading:
    """The words counted; a headline's count twice a body's."""
    title, body = _words(item.title), _words(item.body)
    good, bad = 0, 0
    for words, times in ((title, 2), (body, 1)):
        up, down = _counts(words)
        good, bad = good + up * times, bad + down * times
    found = set(title) | set(body)
    entities = tuple(name for name, words in NAMES.items() if words & found)
    about = NAMES.get(base, frozenset({base.lower()}))
    relevance = 1.0 if about & set(title) else 0.7 if about & found else 0.4 if MARKET & found else 0.1
    total = good + bad
    return Reading(sentiment=round((good - bad) / (total + 1.0), 4), relevance=relevance, entities=entities)


def mood(readings: Iterable[Reading]) -> tuple[float | None, float]:
    """The relevance-weighted mean sentiment (None of nothing) and the weight it stands on."""
    known = list(readings)
    weight = sum(one.relevance for one in known)
    if not known or weight == 0:
        return None, 0.0
    return round(sum(one.sentiment * one.relevance for one in known) / weight, 4), round(weight, 4)


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z]+", text.lower())


def _counts(words: list[str]) -> tuple[int, int]:
    good, bad = 0, 0
    for index, word in enumerate(words):
        turned = bool(NOT & set(words[max(0, index - 3) : index]))
        if word in (BAD if turned else GOOD):
            good += 1
        elif word in (GOOD if turned else BAD):
            bad += 1
    return good, bad
