"""A query's meaning: its vector in the space that answers, by that space's own embedder, or else in the offline one.

An embedder that is down, slow, without key or without money keeps no question from being answered: the offline space
holds every decision, and the answer says which space it is of and why it is not the other.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import asyncpg
import structlog

from db.memory.paying import Account, NoMoney
from db.memory.spaces import Kept, answering
from openoutcry.embedding import embed
from openoutcry.errors import BadConfig
from openoutcry.settings import BudgetSettings
from wire.embedders import ModelEmbedder, cut, opened, variable_of
from wire.prices import price_of_embedder
from wire.vendor_faults import ProviderFault

log = structlog.get_logger()
PATIENCE_S = 2.0
"""How long a query's vector may take: a voice may be waiting for the answer."""


class Meant(NamedTuple):
    """A query as a vector. ``space`` None is the offline one; ``instead`` says why it is that and not the one that answers."""

    vector: tuple[float, ...]
    space: Kept | None
    instead: str | None


@dataclass
class Meaning:
    """Embeds queries. ``env`` holds the embedder's key and address, and nobody else's."""

    home: Path
    budget: BudgetSettings
    env: Mapping[str, str]
    _embedders: dict[str, ModelEmbedder] = field(default_factory=dict)

    async def of(self, pool: asyncpg.Pool, org_id: UUID, query: str) -> Meant:
        """The query in the space that answers."""
        kept = await answering(pool)
        if kept is None:
            return Meant(embed(query), None, None)
        try:
            return Meant(await self._asked(pool, org_id, kept, query), kept, None)
        except ProviderFault as fault:
            why = f"{variable_of(kept.space.embedder, fault.about)}: {fault}"
        except (NoMoney, BadConfig) as error:
            why = str(error)
        log.warning("query_embedded_offline", space=kept.space.name, error=why)
        return Meant(embed(query), None, why)

    async def aclose(self) -> None:
        """Let go of the embedders' connections."""
        for embedder in self._embedders.values():
            await embedder.aclose()

    async def _asked(self, pool: asyncpg.Pool, org_id: UUID, kept: Kept, query: str) -> tuple[float, ...]:
        space = kept.space
        if space.name not in self._embedders:
            size = space.dimensions if space.asked else None
            self._embedders[space.name] = await asyncio.to_thread(opened, space.embedder.text, size, self.env)
        embedder = self._embedders[space.name]
        account = Account(
            pool, space.embedder.text, price_of_embedder(space.embedder, self.home), self.budget
        )
        found = await account.paid(org_id, [cut(query)], partial(embedder.embed, timeout_s=PATIENCE_S))
        (vector,) = found.values
        if len(vector) != space.dimensions:
            raise ProviderFault(
                f"{space.embedder.text}: gives {len(vector)} numbers now, its space has {space.dimensions}",
                passing=False,
            )
        return vector
