"""The mind without a model: it follows the agent's own rules."""

from openoutcry.errors import DataUnavailable
from openoutcry.ports import Question, Reply
from openoutcry.types.votes import Abstain, MindUse


class RulesMind:
    """Deterministic, free, needs no network."""

    async def answer(self, question: Question) -> Reply:
        """The rules' answer; an abstention when they miss a number they need."""
        try:
            answer = question.rules()
        except DataUnavailable as missing:
            answer = Abstain(
                agent=question.agent,
                symbol=question.snapshot.symbol,
                reason="data_unavailable",
                detail=str(missing)[:2000],
            )
        return Reply(answer, MindUse(model="rules"))
