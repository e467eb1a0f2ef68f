"""A mind that gives the recorded answer to the recorded question, and nothing to any other."""

from collections.abc import Iterable
from pathlib import Path
from typing import Self

from pydantic import Field, ValidationError

from openoutcry.canonical import canonical_json
from openoutcry.errors import BadConfig, ReplayDiverged
from openoutcry.ports import Question, Reply, Toolbox
from openoutcry.types.frozen import Frozen
from openoutcry.types.votes import Ballot, ToolUse


class RecordedAnswer(Frozen):
    """One ballot and the round it was cast in: a line of a recording."""

    seq: int = Field(ge=0)
    ballot: Ballot


class RecordedMind:
    """Answers from ballots. The agent, its symbol and every fact must be as recorded, else ReplayDiverged."""

    def __init__(self, answers: Iterable[RecordedAnswer]) -> None:
        self._ballots = {(answer.ballot.agent, answer.seq): answer.ballot for answer in answers}

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """Read a file with one RecordedAnswer as JSON per line. Raises BadConfig naming the line."""
        answers = []
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise BadConfig(f"{path}: cannot be read as a recording: {error}") from error
        for number, line in enumerate(lines, start=1):
            try:
                answers.append(RecordedAnswer.model_validate_json(line))
            except ValidationError as error:
                raise BadConfig(
                    f"{path}:{number}: not a recorded answer: {error.errors()[0]['msg']}"
                ) from error
        return cls(answers)

    async def answer(self, question: Question) -> Reply:
        """The recorded answer. Raises ReplayDiverged naming what differs."""
        agent, seq = question.agent, question.snapshot.seq
        ballot = self._ballots.get((agent, seq))
        if ballot is None:
            raise ReplayDiverged(f"{agent}: the recording holds no answer for round {seq}")
        if ballot.answer.symbol != question.snapshot.symbol:
            raise ReplayDiverged(
                f"{agent}, round {seq}: asked for {question.snapshot.symbol}, recorded {ballot.answer.symbol}"
            )
        facts = question.facts
        if question.tools is not None:
            facts = (*facts, *await asked_again(ballot, question.tools))
        _same_facts(f"{agent}, round {seq}", facts, ballot.tool_uses)
        return Reply(ballot.answer, ballot.mind)


async def asked_again(ballot: Ballot, tools: Toolbox) -> tuple[ToolUse, ...]:
    """The answers to the calls that the recorded mind made itself, made again in its order."""
    recorded = {use.result_id: use for use in ballot.tool_uses}
    return tuple(
        [
            await tools.call(recorded[result].tool, **recorded[result].arguments)
            for result in ballot.mind.asked
            if result in recorded
        ]
    )


def _same_facts(where: str, given: Iterable[ToolUse], recorded: Iterable[ToolUse]) -> None:
    known = {use.result_id: use for use in recorded}
    for fact in given:
        use = known.pop(fact.result_id, None)
        if use is None:
            raise ReplayDiverged(
                f"{where}: {fact.tool} answered {fact.result_id}, which the recording does not hold"
            )
        if canonical_json(use) != canonical_json(fact):
            raise ReplayDiverged(f"{where}: the content of {fact.tool} {fact.result_id} is not as recorded")
    if known:
        missing = next(iter(known.values()))
        raise ReplayDiverged(f"{where}: {missing.tool} {missing.result_id} was recorded and is not given now")
