"""Lets a model look back at decisions that have ended: within the org's budgets, one call each, kept with its maker.

The rules' reflection is there before; nothing waits for a model's. A model that is down, or that there is no money for, is
asked again later. An answer that may not be kept is not asked for twice: why is kept in its place.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from secrets import token_bytes
from uuid import UUID

import asyncpg
import structlog

from agents.llm.chain import key_of, opened, parse, priced
from agents.llm.paying import Paying
from agents.llm.provider import Completion, Prompt, Provider
from agents.llm.purse import Refused, Spent, prompt_hash, rounded_up
from db.memory import lessons
from db.minds.spending import Settlement, Wish, reserve, settle
from db.pool import Row
from openoutcry.errors import BadConfig
from openoutcry.minds.answer import Unreadable
from openoutcry.minds.budget import Asked
from openoutcry.minds.lesson import SYSTEM, VERSION, read, schema, told
from openoutcry.minds.prices import Price
from openoutcry.settings import BudgetSettings, Settings
from wire.config import REFLECTOR, ProcessConfig
from wire.prices import load_prices
from wire.vendor_faults import ProviderFault
from workers import keeping
from workers.keeping import Work

log = structlog.get_logger()
BATCH = 16
PATIENCE_S = 60.0
IDLE_S = 5.0
LONGEST_S = 120.0
MOST_TOKENS = 400


@dataclass(frozen=True)
class OwnPurse:
    """The org's budgets, spent from in the reflector's own name: this process knows the database."""

    pool: asyncpg.Pool
    org_id: UUID
    budget: BudgetSettings

    async def reserve(self, model: str, prompt: Prompt, bound: Decimal, *, cheapest: bool) -> str:
        """Reserve the most that a call can cost. Raises Refused."""
        wish = Wish(
            id=UUID(bytes=token_bytes(16)),  # of no record: lessons are made beside the rounds
            agent=REFLECTOR,
            model=model,
            prompt_hash=prompt_hash(prompt),
            params={"max_tokens": prompt.max_tokens, "temperature": prompt.temperature, "version": VERSION},
            asked=Asked(rounded_up(bound), cheapest, kept=True),
            session_id=None,
            seq=None,
        )
        verdict = await reserve(self.pool, self.org_id, wish, self.budget)
        if verdict.refused is not None:
            raise Refused(f"{model}: {verdict.refused}")
        return str(wish.id)

    async def settle(self, call_id: str, spent: Spent) -> None:
        """Put what a call used in the place of its bound."""
        used = Settlement(
            None if spent.cost is None else rounded_up(spent.cost), spent.prompt_tokens, spent.cached_tokens,
            spent.completion_tokens, spent.latency_ms, spent.fault and spent.fault[:300],
        )  # fmt: skip
        await settle(self.pool, self.org_id, UUID(call_id), REFLECTOR, used)


@dataclass
class Reflecting:
    """The models that are asked, in their order, and what they cost."""

    pool: asyncpg.Pool
    settings: Settings
    providers: Sequence[Provider]
    prices: Mapping[str, Price]

    @classmethod
    def of(cls, pool: asyncpg.Pool, home: Path, settings: Settings, env: Mapping[str, str]) -> "Reflecting":
        """Raises BadConfig for a chain that is none, and where no model of it has a key."""
        chain, table = parse(settings.memory.reflector), load_prices(home)
        keys = {link: key_of(link, env) for link in chain.links}
        usable = [link for link in chain.links if keys[link] is not None or link.vendor == "compatible"]
        if not usable:
            raise BadConfig(f"{chain.links[0].variable} is not set", field=chain.links[0].variable)
        prices = {link.name: priced(link, table) for link in usable}
        return cls(pool, settings, [opened(link, keys[link], env) for link in usable], prices)

    async def aclose(self) -> None:
        """Let go of the models' connections."""
        await asyncio.gather(*(provider.close() for provider in self.providers))

    async def turn(self) -> int:
        """Look back at all that no model has written of; returns at how many. Raises ProviderFault, of which Refused is one."""
        done = 0
        while rows := await lessons.without(self.pool, BATCH):
            for row in rows:
                await self._look_back(row)
                done += 1
        return done

    async def _look_back(self, row: Row) -> None:
        prompt = prompt_of(row, self.settings.llm.temperature)
        name, completion = await self._asked(row["org_id"], prompt)
        whose = {"model": name, "version": VERSION, "prompt_hash": prompt_hash(prompt)}
        try:
            if completion.ending != "done" or completion.calls:
                raise Unreadable("it declined, was cut off, or asked for more")
            text = read(completion.text)
        except Unreadable as error:
            log.warning("lesson_refused", decision=str(row["decision_id"]), model=name, error=str(error))
            await lessons.keep(self.pool, row, **whose, fault=str(error))
            return
        await lessons.keep(self.pool, row, **whose, text=text)

    async def _asked(self, org_id: UUID, prompt: Prompt) -> tuple[str, Completion]:
        """The first model's answer that one gives, and its name. Raises the last fault when none does."""
        purse = OwnPurse(self.pool, org_id, self.settings.llm.budget)
        paying = Paying(self.prices, purse, [provider.name for provider in self.providers])
        for number, provider in enumerate(self.providers, start=1):
            try:
                return provider.name, await paying.complete(provider, prompt, PATIENCE_S)
            except ProviderFault as fault:
                if number == len(self.providers):
                    raise
                log.warning("next_model_asked", model=provider.name, error=str(fault))
        raise AssertionError("the last model either answers or raises")


def prompt_of(row: Row, temperature: float) -> Prompt:
    """The question about one decision: the floor's own figures and names alone."""
    said = [tuple(one.split(" ", 1)) for one in row["said"] or ()]
    document = told(
        row["decision"], row["symbol"], row["confidence"], row["outcome"], row["actual_pnl"], row["outcome_reason"],
        [(agent, action) for agent, action in said],
    )  # fmt: skip
    return Prompt(SYSTEM, (document,), schema(), MOST_TOKENS, temperature)


def work(home: Path, settings: Settings, env: Mapping[str, str]) -> Work:
    """Looking back as work beside the rounds."""

    async def opened_on(pool: asyncpg.Pool) -> Reflecting:
        return await asyncio.to_thread(Reflecting.of, pool, home, settings, env)  # an SDK's import takes long

    return Work(REFLECTOR, opened_on, IDLE_S, LONGEST_S)


def run(config: ProcessConfig, _port: int | None = None) -> None:
    """Reflect until SIGTERM."""
    keeping.run(work(config.home, config.settings, config.vendor_keys), config)
