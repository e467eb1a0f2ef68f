"""A model's answer from the floor's own cache, where one fits: to the very same question, else to a situation alike.

What comes from it goes the way of any answer: it is parsed, its figures are checked against this round's results, it is
recorded as what it is and booked as a call that cost nothing. A cache that does not answer is no cache.
"""

from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from time import perf_counter
from typing import Literal

import structlog

from agents.llm.asking import Asking
from agents.llm.prompt import VERSION
from agents.llm.provider import Completion, Prompt, ToolCall
from agents.llm.purse import Purse, Refused, Spent, prompt_hash
from agents.llm.shelf import Recalled, Shelf, Sought
from openoutcry.canonical import digest
from openoutcry.errors import OpenOutcryError
from openoutcry.minds.answer import LONGEST
from openoutcry.minds.carried import MOST_CALLS, KeptAnswer, KeptCall, carried, flawless, places, readable
from openoutcry.minds.situation import situation
from openoutcry.settings import CacheSettings
from openoutcry.types.votes import ToolUse
from openoutcry.voting.seats import Voice

log = structlog.get_logger()
Ask = Callable[[], Awaitable[Completion]]


@dataclass(frozen=True, slots=True)
class Caching:
    """The cache of one mind."""

    shelf: Shelf
    purse: Purse | None
    settings: CacheSettings
    voice: Voice

    async def through(self, model: str, prompt: Prompt, asking: Asking, ask: Ask) -> Completion:
        """A kept answer, else what ``ask`` gives, kept if it is good for anything. Raises what ``ask`` raises."""
        uses = (*asking.question.facts, *asking.uses)
        sought = self._sought(model, prompt, asking, uses)
        began = perf_counter()
        found = await self._recalled(sought)
        if found is not None:
            completion = self._given(found, uses)
            if completion is not None and await self._booked(model, prompt, completion, began):
                return replace(completion, latency_ms=round((perf_counter() - began) * 1000, 3))
        completion = await ask()
        await self._keep(sought, completion, uses)
        return completion

    def _sought(self, model: str, prompt: Prompt, asking: Asking, uses: tuple[ToolUse, ...]) -> Sought:
        snapshot = asking.question.snapshot
        frame = digest(
            [asdict(replace(prompt, turns=())), snapshot.symbol, snapshot.timeframe, snapshot.source]
        )
        # A second thought, another's argument and a text from outside are answered for themselves alone.
        first = len(prompt.turns) == 1 and not asking.question.heard and not asking.question.texts
        alike = self.settings.semantic and self.voice == "analysis" and first
        return Sought(model, VERSION, prompt_hash(prompt), frame, situation(uses) if alike else None)

    async def _recalled(self, sought: Sought) -> Recalled | None:
        try:
            return await self.shelf.recall(sought)
        except OpenOutcryError as error:
            log.warning("cache_not_asked", model=sought.model, error=f"{error.code}: {error}")
            return None

    def _given(self, found: Recalled, uses: tuple[ToolUse, ...]) -> Completion | None:
        kind: Literal["exact", "semantic"] = "exact" if found.exact else "semantic"
        text = (
            found.answer.text
            if found.exact
            else carried(found.answer, self.voice, uses, self.settings.tolerance)
        )
        if text is None:
            return None
        kept = {"of": found.of, "at": found.at.isoformat(), "similarity": found.similarity}
        calls = tuple(ToolCall(one.id, one.spoken, one.arguments) for one in found.answer.calls)
        return Completion(text, "done", found.answer.model, calls=calls, cache=kind, kept=kept)

    async def _booked(self, model: str, prompt: Prompt, completion: Completion, began: float) -> bool:
        """Whether the hit stands in the floor's books; one that does not is none."""
        if self.purse is None or completion.cache == "":
            return True
        try:
            call_id = await self.purse.reserve(model, prompt, Decimal(0), cheapest=True)
        except Refused as refused:
            log.warning("cache_hit_not_booked", model=model, error=str(refused))
            return False
        took = (perf_counter() - began) * 1000
        await self.purse.settle(call_id, Spent(Decimal(0), latency_ms=took, cache=completion.cache))
        return True

    async def _keep(self, sought: Sought, completion: Completion, uses: tuple[ToolUse, ...]) -> None:
        """Keep an answer that was whole and readable; for situations alike, one whose figures all held."""
        if (
            completion.ending != "done"
            or len(completion.text) > LONGEST
            or len(completion.calls) > MOST_CALLS
        ):
            return
        if not completion.calls and not readable(completion.text, self.voice):
            return
        good = not completion.calls and flawless(completion.text, self.voice, uses)
        alike = sought.situation if good else None
        calls = tuple(
            KeptCall(id=one.id, spoken=one.spoken, arguments=one.arguments) for one in completion.calls
        )
        try:
            answer = KeptAnswer(text=completion.text, model=completion.model, calls=calls, cited=places(uses))
            await self.shelf.keep(replace(sought, situation=alike), answer)
        except (OpenOutcryError, ValueError) as error:
            log.warning("answer_not_kept", model=sought.model, error=f"{type(error).__name__}: {error}"[:300])
