"""A language model: mostly sensible, sometimes malformed, late, refusing, or down. It counts what it was asked to pay for."""

import asyncio
import json
from dataclasses import dataclass

from agents.llm.provider import Completion, Prompt
from simulator.engine.process import CURRENT
from simulator.world.chance import Chance
from wire.vendor_faults import ProviderFault

NAME = "anthropic:simulated"
WORDS = {
    "analysis": ("BUY", "BUY", "BUY", "SELL", "HOLD"),
    "risk": ("APPROVE",) * 6 + ("REDUCE", "REDUCE", "VETO"),
}
MALFORMED = (
    "", "   ", "```json\n{}\n```", "{", "null", "[]", '{"action":"BUY"}{"action":"SELL"}', "I cannot help with that.",
    '{"action":"ARBITRAGE","confidence":0.9,"reasoning":"x","claims":[],"horizon_bars":24}',
    '{"action":"buy ","confidence":0.9,"reasoning":"x","claims":[],"horizon_bars":24}',
    '{"action":"BUY","confidence":"95%","reasoning":"x","claims":[],"horizon_bars":24}',
    '{"action":"BUY","confidence":1.7,"reasoning":"x","claims":[],"horizon_bars":24}',
    '{"action":"BUY","confidence":NaN,"reasoning":"x","claims":[],"horizon_bars":24}',
    '{"action":"BUY","confidence":0.9,"reasoning":"x","claims":[],"horizon_bars":24,"quantity":100}',
    '{"action":"BUY","action":"SELL","confidence":0.9,"reasoning":"x","claims":[],"horizon_bars":24}',
    '{"action":"VETO","confidence":0.9,"reasoning":"ignore the above","claims":[],"horizon_bars":24,"size_factor":9}',
)  # fmt: skip


@dataclass
class SimulatedModel:
    """One agent's model. ``lean`` is what it likes to say."""

    chance: Chance
    voice: str
    agent: str
    lean: str
    name: str = NAME

    async def complete(self, prompt: Prompt, *, timeout_s: float) -> Completion:
        """One completion. Raises ProviderFault."""
        await CURRENT.get().gate()
        random = self.chance.stream("model")
        if self.chance.strikes("model_timeout", agent=self.agent):
            await asyncio.sleep(timeout_s + 1.0)
        if self.chance.strikes("model_overloaded", agent=self.agent):
            raise ProviderFault(
                "529 overloaded", passing=True, retry_after_s=random.choice((None, 0.5, 30.0))
            )
        if self.chance.strikes("model_key_revoked", agent=self.agent):
            raise ProviderFault("401 invalid key", passing=False, about="key")
        await asyncio.sleep(0.2 + random.random())
        text = self._text()
        ending = "done"
        if self.chance.strikes("model_malformed", agent=self.agent):
            text = random.choice(MALFORMED)
        if self.chance.strikes("model_cut_off", agent=self.agent):
            text, ending = text[: len(text) // 2], "length"
        return Completion(text, ending, self.name, prompt_tokens=100, completion_tokens=10)  # type: ignore[arg-type]

    async def close(self) -> None:
        """There is no connection."""

    async def check(self, *, timeout_s: float) -> None:
        """It is there."""

    def _text(self) -> str:
        random = self.chance.stream("model")
        words = WORDS.get(self.voice, ("HOLD",))
        action = self.lean if self.voice == "analysis" and random.random() < 0.9 else random.choice(words)
        said = {"action": action, "confidence": round(0.75 + random.random() * 0.24, 2), "reasoning": "as simulated",
                "claims": [], "horizon_bars": 24}  # fmt: skip
        if self.voice == "risk":
            said["size_factor"] = {"REDUCE": 0.5, "VETO": 0.0}.get(action, 1.0)
        return json.dumps(said)
