"""Sweeps by name: how many combinations, and whether they are judged forward."""

from dataclasses import dataclass
from types import MappingProxyType

from openoutcry.errors import BadInput


@dataclass(frozen=True, slots=True)
class Preset:
    """``trials`` combinations; ``walk_forward`` windows, 0 for none."""

    trials: int
    walk_forward: int


PRESETS = MappingProxyType(
    {"quick": Preset(50, 0), "standard": Preset(200, 0), "production": Preset(1_000, 5)}
)
"""TradAI's epochs; production also walks forward."""


def find_preset(name: str) -> Preset:
    """The preset of that name. Raises BadInput."""
    if name not in PRESETS:
        raise BadInput(f"preset: {name[:40]!r} is not one of {', '.join(PRESETS)}", field="preset")
    return PRESETS[name]
