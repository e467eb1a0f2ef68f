"""Keys and addresses of model vendors: taken out of the environment once, handed to the agents that need them alone."""

from collections.abc import Mapping, MutableMapping

VENDORS = ("anthropic", "openai", "compatible")
VARIABLES = tuple(
    f"{vendor.upper()}{ending}" for vendor in VENDORS for ending in ("_API_KEY", "_API_KEY_FILE", "_BASE_URL")
)
SWITCH = "ALLOW_MODEL_REQUESTS"
"""Set to 0, no model is asked but on this machine: what tests run under."""


def held(env: Mapping[str, str]) -> dict[str, str]:
    """The variables that are set."""
    return {name: env[name] for name in (*VARIABLES, SWITCH) if env.get(name)}


def take(env: MutableMapping[str, str]) -> dict[str, str]:
    """The variables that are set, removed from the environment: no process started later inherits them."""
    found = held(env)
    for name in VARIABLES:
        env.pop(name, None)
    return found


def speaks(mind: str) -> bool:
    """Whether a mind is a vendor's model."""
    return mind.partition(":")[0] in VENDORS


def of_mind(mind: str, keys: Mapping[str, str]) -> dict[str, str]:
    """What a mind needs of them: those of the vendors it names."""
    named = [vendor for vendor in VENDORS if f"{vendor}:" in mind]
    return {
        name: value
        for name, value in keys.items()
        if (name == SWITCH and named) or any(name.startswith(f"{vendor.upper()}_") for vendor in named)
    }
