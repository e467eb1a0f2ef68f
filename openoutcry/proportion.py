"""How sure a share is that was counted on few cases."""

import math
from statistics import NormalDist

Z95 = NormalDist().inv_cdf(0.975)


def wilson(hits: int, cases: int, z: float = Z95) -> tuple[float, float] | None:
    """Wilson's score interval of a proportion (E. B. Wilson 1927), None without a case. ``z`` 1.96 = 95 %."""
    if cases == 0:
        return None
    share, square = hits / cases, z * z
    centre = (share + square / (2 * cases)) / (1 + square / cases)
    half = z / (1 + square / cases) * math.sqrt(share * (1 - share) / cases + square / (4 * cases * cases))
    return max(0.0, centre - half), min(1.0, centre + half)
