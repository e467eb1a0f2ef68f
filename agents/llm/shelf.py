"""Where answers of models are kept: the risk server's, over the connection that pays for calls."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from agents.llm.purse import ROUND
from agents.toolbox import Server
from openoutcry.minds.carried import KeptAnswer

PATIENCE_S = 1.0
"""How long a vote waits for an answer that may have been kept."""


@dataclass(frozen=True, slots=True)
class Sought:
    """A question as its answers are kept under. ``situation`` None: only the very same question will do."""

    model: str
    version: str
    prompt_hash: str
    frame: str
    situation: tuple[float, ...] | None


@dataclass(frozen=True, slots=True)
class Recalled:
    """An answer that was kept. ``exact``: to this very question."""

    exact: bool
    answer: KeptAnswer
    of: str
    at: datetime
    similarity: float


class Shelf(Protocol):
    """Keeps answers. Whatever goes wrong raises OpenOutcryError, and then the model is asked as if nothing were kept."""

    async def recall(self, sought: Sought) -> Recalled | None:
        """An answer that is not too old, if one is kept."""
        ...

    async def keep(self, sought: Sought, answer: KeptAnswer) -> None:
        """Keep an answer."""
        ...


class FloorShelf:
    """The floor's, over the risk server."""

    def __init__(self, server: Server) -> None:
        self._server = server

    async def recall(self, sought: Sought) -> Recalled | None:
        """See Shelf."""
        told = await self._server.call(
            "recall_model_answer", _asked(sought), round_token=ROUND.get(), timeout_s=PATIENCE_S
        )
        if told["cache"] == "none":
            return None
        return Recalled(
            exact=told["cache"] == "exact",
            answer=KeptAnswer.model_validate(told["answer"]),
            of=told["kept_of"],
            at=datetime.fromisoformat(told["kept_at"]),
            similarity=told["similarity"],
        )

    async def keep(self, sought: Sought, answer: KeptAnswer) -> None:
        """See Shelf."""
        await self._server.call(
            "keep_model_answer",
            {**_asked(sought), "answer": answer.model_dump(mode="json")},
            round_token=ROUND.get(),
            timeout_s=PATIENCE_S,
        )


def _asked(sought: Sought) -> dict[str, object]:
    asked: dict[str, object] = {
        "model": sought.model,
        "version": sought.version,
        "prompt_hash": sought.prompt_hash,
        "frame": sought.frame,
    }
    if sought.situation is not None:
        asked["situation"] = list(sought.situation)
    return asked
