"""What models said, written down, or said again from a cassette with no vendor behind it."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any, Protocol

from agents.llm.provider import Completion, Prompt, Provider, ToolCall
from agents.llm.purse import Refused
from wire.cassette import Recorder, Reel
from wire.vendor_faults import ProviderFault


class Tape(Protocol):
    """Stands between a mind and its models."""

    async def heard(self, name: str, prompt: Prompt, ask: Callable[[], Awaitable[Completion]]) -> Completion:
        """What the model of this name says to a prompt. Raises ProviderFault."""
        ...

    def usable(self, providers: Callable[[], list[Provider]]) -> list[Provider]:
        """The providers of a chain that can be asked."""
        ...


class Recording:
    """Asks, and writes down what came of it, retries included: the last word of each provider."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def usable(self, providers: Callable[[], list[Provider]]) -> list[Provider]:
        """See Tape."""
        found = providers()
        self._recorder.write("mind", providers=[one.name for one in found])
        return found

    async def heard(self, name: str, prompt: Prompt, ask: Callable[[], Awaitable[Completion]]) -> Completion:
        """See Tape."""
        told: dict[str, Any] = {"name": name, "asked": asdict(prompt)}
        try:
            completion = await ask()
        except ProviderFault as fault:
            why = {"code": fault.code, "message": str(fault), "passing": fault.passing, "free": fault.free}
            self._recorder.write("model", **told, fault=why)
            raise
        self._recorder.write("model", **told, completion=asdict(completion))
        return completion


class Playing:
    """Says what the cassette holds, and nothing else."""

    def __init__(self, reel: Reel, by: str) -> None:
        self._reel, self._by = reel, by

    def usable(self, providers: Callable[[], list[Provider]]) -> list[Provider]:
        """See Tape. No SDK is opened and no key is needed."""
        return [Silent(name) for name in self._reel.minds.get(self._by, [])]

    async def heard(self, name: str, prompt: Prompt, ask: Callable[[], Awaitable[Completion]]) -> Completion:
        """See Tape. Raises ReplayDiverged for a question that was not asked then."""
        entry = self._reel.play("model", self._by, name, asdict(prompt))
        if (fault := entry.get("fault")) is not None:
            if fault["code"] == Refused.code:
                raise Refused(fault["message"])
            raise ProviderFault(fault["message"], passing=fault["passing"], free=fault["free"])
        kept = dict(entry["completion"])
        kept["calls"] = tuple(ToolCall(**call) for call in kept["calls"])
        return Completion(**kept)


class Silent:
    """A model that is known by name only."""

    def __init__(self, name: str) -> None:
        self.name = name

    async def complete(self, prompt: Prompt, *, timeout_s: float) -> Completion:
        """Never asked: the tape answers before."""
        raise ProviderFault(f"{self.name}: is not asked in a replay", passing=False)

    async def check(self, *, timeout_s: float) -> None:
        """Nobody is there."""
        raise ProviderFault(f"{self.name}: is not asked in a replay", passing=False)

    async def close(self) -> None:
        """There is no connection."""
