"""Fills the space of the configured embedder beside the rounds, and lets it answer once it has every decision.

Nothing waits for it: a round makes the offline vector only, and until a new space is whole the one before answers and is
kept up to date. An embedder that is down, or that there is no money for, is asked again later; why is kept with its space.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import structlog

from db.memory import spaces
from db.memory.paying import Account, NoMoney
from db.memory.spaces import Kept
from openoutcry.errors import BadConfig, DataUnavailable
from openoutcry.settings import Settings
from openoutcry.spaces import EmbedderName, Space, parse_embedder
from wire.config import ProcessConfig
from wire.embedders import ModelEmbedder, opened, variable_of
from wire.prices import price_of_embedder
from wire.vendor_faults import ProviderFault
from workers import keeping
from workers.filling import PATIENCE_S, Filler
from workers.keeping import Work

log = structlog.get_logger()
EMBEDDER = "embedder"
IDLE_S = 2.0
"""How often it looks for decisions that have come."""
LONGEST_S = 30.0


@dataclass
class Embedding:
    """The work of one embedder process. ``env`` holds its keys and addresses."""

    pool: asyncpg.Pool
    home: Path
    settings: Settings
    env: Mapping[str, str]
    _space: Space | None = None
    _embedders: dict[str, ModelEmbedder] = field(default_factory=dict)

    async def aclose(self) -> None:
        """Let go of the embedders' connections."""
        for embedder in self._embedders.values():
            await embedder.aclose()

    async def turn(self) -> int:
        """Bring the spaces up to date once; returns how many vectors were made. Raises ProviderFault, NoMoney, BadConfig."""
        memory = self.settings.memory
        embedder = await self._embedder(memory.embedder, memory.dimensions)
        try:
            space = await self._learned(embedder)
            kept = await spaces.open_space(self.pool, space)
            made = await self._before(kept)
            made += await self._filler(kept, embedder).fill()
        except (ProviderFault, NoMoney) as fault:
            await spaces.note_fault(self.pool, embedder.name, told(fault, embedder.name))
            raise
        if kept.fault is not None:
            await spaces.note_fault(self.pool, embedder.name, None)
        if kept.state != "ANSWERING":
            await spaces.let_answer(self.pool, kept)
            log.info("space_answers", space=space.name)
        return made

    async def _learned(self, embedder: ModelEmbedder) -> Space:
        """The space of its vectors: as the settings say, else learned by asking for one."""
        if self._space is None and self.settings.memory.dimensions is not None:
            self._space = Space(embedder.name, self.settings.memory.dimensions, asked=True)
        if self._space is None:
            self._space = await embedder.space(timeout_s=PATIENCE_S)
        return self._space

    async def _before(self, kept: Kept) -> int:
        """Keep the space that still answers up to date, as far as its embedder can be asked."""
        old = await spaces.answering(self.pool)
        if old is None or old.id == kept.id:
            return 0
        space = old.space
        try:
            embedder = await self._embedder(space.embedder.text, space.dimensions if space.asked else None)
            return await self._filler(old, embedder).fill()
        except (BadConfig, ProviderFault, NoMoney) as fault:
            await spaces.note_fault(self.pool, space.embedder, told(fault, space.embedder))
            log.warning("old_space_behind", space=space.name, error=str(fault))
            return 0

    async def _embedder(self, name: str, dimensions: int | None) -> ModelEmbedder:
        key = f"{name}#{dimensions}"
        if key not in self._embedders:  # an SDK's import takes long; the lease has to be renewed meanwhile
            self._embedders[key] = await asyncio.to_thread(opened, name, dimensions, self.env)
        return self._embedders[key]

    def _filler(self, kept: Kept, embedder: ModelEmbedder) -> Filler:
        price = price_of_embedder(embedder.name, self.home)
        account = Account(self.pool, embedder.name.text, price, self.settings.llm.budget)
        return Filler(self.pool, embedder, account, kept)


def told(fault: Exception, name: EmbedderName) -> str:
    """Why, with the variable or setting to look at: its name, never its value."""
    if isinstance(fault, ProviderFault):
        return f"{variable_of(name, fault.about)}: {fault}"
    return str(fault)


def work(home: Path, settings: Settings, env: Mapping[str, str]) -> Work:
    """Embedding as work beside the rounds."""

    async def opened_on(pool: asyncpg.Pool) -> Embedding:
        return Embedding(pool, home, settings, env)

    return Work(EMBEDDER, opened_on, IDLE_S, LONGEST_S)


def run(config: ProcessConfig, _port: int | None = None) -> None:
    """Embed until SIGTERM."""
    keeping.run(work(config.home, config.settings, config.vendor_keys), config)


async def fill_once(home: Path, database_url: str, settings: Settings, env: Mapping[str, str]) -> int:
    """Make the configured embedder's space whole and let it answer; returns how many vectors that took.

    Raises Fenced when another process embeds, and DataUnavailable, NoMoney or BadConfig, with what was made until then kept.
    """
    try:
        return await keeping.once(work(home, settings, env), database_url)
    except ProviderFault as fault:
        raise DataUnavailable(told(fault, parse_embedder(settings.memory.embedder))) from fault
