"""News of a synthetic market: its own causes, told when they have happened. Always labelled synthetic; it is about nothing real.

A change of mood is reported at the close of the mood's third bar, a bar beyond 5 usual moves at its own close. The same seed,
symbol and time give the same news; nothing in it is drawn at random or known before.
"""

import hashlib

import numpy as np

from openoutcry.market.regimes import NAMES
from openoutcry.market.synthetic import Block
from openoutcry.news.item import NewsItem
from openoutcry.types.timeframes import from_millis

SOURCE = "synthetic-wire"
LAG_BARS = 3
LARGE = 5.0
USUAL = 96
TOLD: dict[str, tuple[str, ...]] = {
    "bull": ("{base} rally gathers pace as inflows rise", "Buyers return: {base} gains on growing adoption"),
    "bear": (
        "{base} declines as outflows weigh on the market",
        "Bearish turn: {base} falls for another session",
    ),
    "sideways": ("{base} trades in a narrow range", "Quiet market leaves {base} little changed"),
    "crisis": ("Panic hits markets: {base} crash brings liquidations", "{base} plunges as fear spreads"),
    "recovery": ("{base} rebound continues after the crisis", "Relief: {base} recovers part of its losses"),
}
MOVED = {1: "{base} jumps in a single bar", -1: "{base} drops in a single bar"}


def items_of(block: Block, bar_ms: int, base: str, seed: int) -> tuple[NewsItem, ...]:
    """The news of one block (a month), oldest first."""
    stamps, regime = block.spot.timestamp, block.regime
    changed = np.flatnonzero(np.diff(regime, prepend=regime[0]))
    found = [
        (int(stamps[at + LAG_BARS - 1]) + bar_ms, TOLD[NAMES[int(regime[at])]])
        for at in changed
        if at + LAG_BARS <= len(stamps) and np.all(regime[at : at + LAG_BARS] == regime[at])
    ]
    returns = np.diff(np.log(block.spot.close), prepend=np.log(block.spot.open[0]))
    squares = np.concatenate([[0.0], np.cumsum(returns**2)])
    index = np.arange(len(returns))
    first = np.maximum(index - USUAL, 0)
    usual = np.sqrt(
        (squares[index] - squares[first]) / np.maximum(index - first, 1)
    )  # of bars before this one
    large = np.flatnonzero((index >= USUAL) & (np.abs(returns) > LARGE * usual) & (usual > 0))
    found += [(int(stamps[at]) + bar_ms, (MOVED[1 if returns[at] > 0 else -1],)) for at in large]
    return tuple(
        NewsItem(
            published_at=from_millis(at), source=SOURCE, title=_chosen(words, seed, at).format(base=base)
        )
        for at, words in sorted(found)
    )


def fear_greed_of(close: np.ndarray, bars: int) -> int:
    """0 (fear) to 100 (greed) from closes up to now: the move over ``bars`` in units of its own volatility.

    50 at no move; 2 standard deviations are 24 points short of an end. Needs ``bars`` + 1 closes.
    """
    returns = np.diff(np.log(close[-bars - 1 :]))
    spread = float(returns.std()) * len(returns) ** 0.5
    z = float(returns.sum()) / spread if spread > 0 else 0.0
    return int(np.clip(round(50 + 13 * z), 0, 100))


def _chosen(words: tuple[str, ...], seed: int, at: int) -> str:
    return words[hashlib.sha256(f"{seed}:{at}".encode()).digest()[0] % len(words)]
