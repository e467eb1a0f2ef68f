"""Every question of a vote goes to the mind with the vote's own tools: same allow-list, same deadline, same memory."""

from dataclasses import dataclass, replace

from openoutcry.ports import Model, Question, Reply, Toolbox
from openoutcry.types.votes import Argument
from wire.crashpoint import crashpoint


@dataclass(frozen=True, slots=True)
class Handing:
    """A mind that is handed the tools with each question."""

    mind: Model
    tools: Toolbox
    heard: tuple[Argument, ...] = ()

    async def answer(self, question: Question) -> Reply:
        """The mind's answer."""
        reply = await self.mind.answer(replace(question, tools=self.tools, heard=self.heard))
        crashpoint("k2")
        return reply
