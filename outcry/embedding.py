"""Whether the configured embedder can be used, asked before anything depends on it."""

from collections.abc import Mapping
from contextlib import aclosing
from pathlib import Path

from agents.llm.checking import Finding
from openoutcry.errors import BadConfig
from openoutcry.settings import MemorySettings
from openoutcry.spaces import parse_embedder
from wire.embedders import opened, variable_of
from wire.prices import price_of_embedder
from wire.vendor_faults import ProviderFault

PATIENCE_S = 5.0


async def embedder_finding(memory: MemorySettings, keys: Mapping[str, str], home: Path) -> Finding:
    """The embedder, asked for the vector of one word. Raises BadConfig for one without a price."""
    name = parse_embedder(memory.embedder)
    price_of_embedder(name, home)
    try:
        async with aclosing(opened(memory.embedder, memory.dimensions, keys)) as embedder:
            space = await embedder.space(timeout_s=PATIENCE_S)
    except BadConfig as error:
        return Finding(model=name.text, usable=False, said=str(error))
    except ProviderFault as fault:
        return Finding(model=name.text, usable=False, said=f"{variable_of(name, fault.about)}: {fault}")
    return Finding(model=name.text, usable=True, said=f"answers with {space.dimensions} numbers")
