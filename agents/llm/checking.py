"""Whether the models that a floor is told to use can be reached, before a round depends on them."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from agents.llm.chain import Link, key_of, opened, parse, priced
from openoutcry.types.frozen import Frozen
from wire.prices import load_prices
from wire.vendor_faults import ProviderFault
from wire.vendor_keys import speaks

PATIENCE_S = 5.0


class Finding(Frozen):
    """One model: usable or not, and what to look at. Holds a variable's name, never its value. One without a key is not asked."""

    model: str
    usable: bool
    said: str
    asked: bool = True

    @property
    def told(self) -> str:
        """In one line, with the model's name once."""
        if self.usable:
            return f"{self.model} {self.said}"
        return self.said if self.model in self.said else f"{self.model}: {self.said}"


async def findings(minds: Mapping[str, str], keys: Mapping[str, str], home: Path) -> list[Finding]:
    """What is found of every model that ``minds`` (agent -> mind) name, each asked once.

    Raises BadConfig for a wrong name, and for what can be no key and no address.
    """
    links: dict[str, Link] = {}
    for mind in minds.values():
        if speaks(mind):
            links |= {link.name: link for link in parse(mind).links}
    table = load_prices(home)
    for link in links.values():
        priced(link, table)
    return list(await asyncio.gather(*(found(link, keys) for link in links.values())))


async def found(link: Link, keys: Mapping[str, str]) -> Finding:
    """One model, asked for by name: no tokens are spent. Raises BadConfig for what can be no key and no address."""
    key = key_of(link, keys)
    if key is None and link.vendor != "compatible":
        return Finding(
            model=link.name, usable=False, said=f"{link.variable} is not set: left out", asked=False
        )
    provider = opened(link, key, keys)
    try:
        await provider.check(timeout_s=PATIENCE_S)
    except ProviderFault as fault:
        where = {
            "key": link.variable,
            "address": f"{link.vendor.upper()}_BASE_URL",
            "model": "mind",
            "answer": "mind",
        }
        place = "mind" if link.vendor == "compatible" and fault.about == "address" else where[fault.about]
        return Finding(model=link.name, usable=False, said=f"{place}: {fault}")
    finally:
        await provider.close()
    return Finding(model=link.name, usable=True, said="answers")
