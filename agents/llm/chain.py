"""From a mind's name in the settings to the providers it stands for.

    anthropic:claude-haiku-4-5 > openai:gpt-5-mini > rules
    compatible:llama3.1@http://127.0.0.1:11434/v1 > rules

Names are tried from left to right; ``rules`` may stand at the end alone. Keys are in ANTHROPIC_API_KEY, OPENAI_API_KEY and
COMPATIBLE_API_KEY, or in the files that ANTHROPIC_API_KEY_FILE … name. A provider without its key is left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from agents.llm.provider import Provider
from openoutcry.errors import BadConfig
from openoutcry.minds.prices import Price, PriceTable
from wire.vendor_keys import VENDORS, read_key, refuse_address, refuse_remote

MOST = 4


@dataclass(frozen=True, slots=True)
class Link:
    """One provider of a chain, as named. ``base_url`` is given for compatible servers."""

    vendor: str
    model: str
    base_url: str | None = None

    @property
    def name(self) -> str:
        return f"{self.vendor}:{self.model}"

    @property
    def variable(self) -> str:
        """The environment variable of its key."""
        return f"{self.vendor.upper()}_API_KEY"


@dataclass(frozen=True, slots=True)
class Chain:
    """What a mind's name says: providers in order, and whether the rules stand at the end."""

    links: tuple[Link, ...]
    rules_last: bool


def parse(name: str) -> Chain:
    """A chain from its name. Raises BadConfig for what is none."""
    parts = [part.strip() for part in name.split(">")]
    rules_last = parts[-1] == "rules"
    named = parts[:-1] if rules_last else parts
    if not named or len(named) > MOST:
        raise BadConfig(
            f"mind: {name!r} must name 1 to {MOST} models, with rules last if at all", field="mind"
        )
    return Chain(tuple(link(part, name) for part in named), rules_last)


def link(part: str, whole: str) -> Link:
    vendor, _, rest = part.partition(":")
    model, _, url = rest.partition("@")
    if vendor not in VENDORS or not model or len(model) > 100:
        raise BadConfig(
            f"mind: {part!r} in {whole!r} is not {' or '.join(VENDORS)} with a model's name", field="mind"
        )
    if (vendor == "compatible") != bool(url):
        raise BadConfig(
            f"mind: {vendor}:{model}: compatible models, and they alone, give an address: compatible:MODEL@URL",
            field="mind",
        )
    if url:
        refuse_address(url, "mind", f"mind: {vendor}:{model}: the address")
    return Link(vendor, model, url or None)


def key_of(one: Link, env: Mapping[str, str]) -> str | None:
    """The key from its variable or the file that a variable names. Raises BadConfig naming the variable, never its value."""
    return read_key(one.variable, env)


def priced(one: Link, table: PriceTable) -> Price:
    """What a model costs. Raises BadConfig for a vendor's model without a price: its cost could not be known."""
    price = table.models.get(one.model)
    if price is not None:
        return price
    if one.vendor == "compatible":
        return Price()
    raise BadConfig(
        f"mind: {one.name} has no price in config/models.yaml or the home's models.yaml", field="mind"
    )


def opened(one: Link, key: str | None, env: Mapping[str, str]) -> Provider:
    """The provider behind a link; its SDK is imported here and nowhere earlier. Raises BadConfig when it may not be asked, and
    for what can be no address.
    """
    variable = f"{one.vendor.upper()}_BASE_URL"
    if one.base_url is None and env.get(variable):
        refuse_address(env[variable], variable, variable)
    refuse_remote(one.name, one.base_url or env.get(variable), env)
    if one.vendor == "anthropic":
        from agents.llm.anthropic import provider as anthropic

        return anthropic(one.model, key or "", env.get("ANTHROPIC_BASE_URL"))
    if one.vendor == "openai":
        from agents.llm.openai import provider as openai

        return openai(one.model, key or "", env.get("OPENAI_BASE_URL"))
    from agents.llm.compatible import provider as compatible

    assert one.base_url is not None  # parse() has seen to it
    return compatible(one.model, key, one.base_url)
