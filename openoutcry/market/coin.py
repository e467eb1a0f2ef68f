"""A market in which there is nothing to find: another's bars, each mirrored or not by the toss of a coin.

Size of moves, clustering, volume, basis and funding stay as they were; the direction of every bar is drawn anew, so nothing
that was known before it says anything about it. The expected logarithmic return of every bar is 0.
"""

import numpy as np

from openoutcry.market.candles import Candles, Floats


def tossed(spot: Candles, perp: Candles, rng: np.random.Generator) -> tuple[Candles, Candles]:
    """Spot and perpetual of the same bars, as they would be after the tosses; prices rounded to the cent."""
    mirror = rng.choice([-1.0, 1.0], len(spot))
    gap = np.diff(np.log(spot.close), prepend=np.log(spot.close[0])) - np.log(spot.close / spot.open)
    body = mirror * np.log(spot.close / spot.open)
    above, below = np.log(spot.high / spot.open), np.log(spot.low / spot.open)
    up, down = np.where(mirror > 0, above, -below), np.where(mirror > 0, below, -above)
    close = np.log(spot.open[0]) + np.cumsum(gap + body)
    opened = close - body
    o, h, low, c = (_cents(np.exp(part)) for part in (opened, opened + up, opened + down, close))
    made = Candles.of(spot.timestamp, o, h, low, c, spot.volume)
    if not len(perp):
        return made, perp
    begin, end = perp.open / spot.open, perp.close / spot.close
    o, c = made.open * begin, made.close * end
    h = np.maximum(made.high * (begin + end) / 2, np.maximum(o, c))
    low = np.minimum(made.low * (begin + end) / 2, np.minimum(o, c))
    o, h, low, c = (_cents(part) for part in (o, h, low, c))
    return made, Candles.of(spot.timestamp, o, h, low, c, perp.volume)


def _cents(prices: Floats) -> Floats:
    rounded: Floats = np.maximum(prices.round(2), 0.01)
    return rounded
