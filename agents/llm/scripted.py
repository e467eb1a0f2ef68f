"""A mind that says what it was told to say: for tests and demonstrations."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from openoutcry.errors import BadConfig
from openoutcry.ports import Question, Reply
from openoutcry.types.votes import Abstain, MindUse, Vote

ANSWER: TypeAdapter[Vote | Abstain] = TypeAdapter(Annotated[Vote | Abstain, Field(discriminator="kind")])


class ScriptedMind:
    """Gives its answers in order, one per question.

    An answer holds the fields of a vote or an abstention; agent, symbol and evidence come from the question
    where it leaves them out. A bad answer, and any past the end, is an abstention.
    """

    def __init__(self, answers: Iterable[Mapping[str, Any]]) -> None:
        self._answers = iter([dict(answer) for answer in answers])

    @classmethod
    def from_file(cls, path: Path) -> "ScriptedMind":
        """Read a JSON list of answers. Raises BadConfig."""
        try:
            answers = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise BadConfig(f"{path}: cannot be read as a script: {error}") from error
        if not isinstance(answers, list) or not all(isinstance(answer, dict) for answer in answers):
            raise BadConfig(f"{path}: a script is a JSON list of answers")
        return cls(answers)

    async def answer(self, question: Question) -> Reply:
        """The next answer."""
        given = next(self._answers, None)
        mind = MindUse(model="scripted", prompt=question.brief, response=json.dumps(given, sort_keys=True))
        if given is None:
            return Reply(self._abstain(question, "error", "the script has no more answers"), mind)
        kind = "abstain" if "reason" in given else "vote"
        filled: dict[str, Any] = {"agent": question.agent, "symbol": question.snapshot.symbol, "kind": kind}
        if kind == "vote":
            filled["evidence"] = [fact.result_id for fact in question.facts]
        try:
            return Reply(ANSWER.validate_python({**filled, **given}), mind)
        except ValidationError as error:
            return Reply(self._abstain(question, "unparsable", error.errors()[0]["msg"]), mind)

    def _abstain(self, question: Question, reason: str, detail: str) -> Abstain:
        return Abstain.model_validate(
            {"agent": question.agent, "symbol": question.snapshot.symbol, "reason": reason, "detail": detail}
        )
