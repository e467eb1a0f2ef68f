"""What the practice model says: a list of turns, each for the questions it fits, and what goes wrong with it."""

import json
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

FAULTS = {
    "timeout": "take the request and never answer",
    "reset": "reset the connection",
    "status": "answer with `status` (429, 500, 529 …), with Retry-After where `retry_after` is given",
    "truncated": "stop in the middle because of the length",
    "malformed": "answer with JSON that breaks off",
    "html": "answer 200 with an HTML page",
    "empty": "answer with no content",
    "drip": "answer one byte every `seconds`",
    "refusal": "decline, as the vendor words it",
}
LARGEST = 4_000_000


class Turn(BaseModel):
    """One answer. It fits a question whose model and text hold ``model`` and ``contains``; ``times`` 0 is for ever.

    ``answers_as`` is the model that it says it was, as vendors do of an alias; without one it is the model that was asked.

    Exactly one of ``text``, ``object`` (structured output) and ``tool`` (with ``arguments``) is said, unless a fault that
    says nothing stands in its place.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    model: str = ""
    answers_as: str = ""
    contains: str = ""
    times: int = Field(1, ge=0, le=10**6)
    text: str | None = None
    object: dict[str, Any] | None = None
    tool: str | None = None
    arguments: dict[str, Any] = {}
    fault: (
        Literal["timeout", "reset", "status", "truncated", "malformed", "html", "empty", "drip", "refusal"]
        | None
    ) = None
    status: int = Field(500, ge=400, le=599)
    retry_after: int | None = Field(None, ge=0, le=86_400)
    seconds: float = Field(0.0, ge=0.0, le=3_600.0)
    prompt_tokens: int = Field(100, ge=0)
    completion_tokens: int = Field(20, ge=0)
    cached_tokens: int = Field(0, ge=0)

    @model_validator(mode="after")
    def _says_one_thing(self) -> "Turn":
        said = [name for name in ("text", "object", "tool") if getattr(self, name) is not None]
        if len(said) > 1 or (not said and self.fault in (None, "truncated", "malformed", "drip")):
            raise ValueError("exactly one of text, object and tool must be given")
        return self

    @property
    def said(self) -> str:
        """The text of the answer; an object as JSON."""
        return (
            self.text
            if self.text is not None
            else json.dumps(self.object if self.object is not None else self.arguments)
        )


class Script:
    """Turns in order: the first that fits and is not used up answers."""

    def __init__(self, turns: list[Turn]) -> None:
        self._turns = turns
        self._used = [0] * len(turns)

    @classmethod
    def from_file(cls, path: Path) -> "Script":
        """A YAML or JSON list of turns. Raises ValueError naming the turn and the field."""
        text = path.read_text(encoding="utf-8")
        if len(text) > LARGEST:
            raise ValueError(f"{path}: larger than {LARGEST} bytes")
        try:
            values = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise ValueError(f"{path}: not YAML or JSON: {error}") from None
        if not isinstance(values, list):
            raise ValueError(f"{path}: a script is a list of turns")
        turns = []
        for number, value in enumerate(values, start=1):
            try:
                turns.append(Turn.model_validate(value))
            except ValidationError as error:
                first = error.errors()[0]
                where = ".".join(map(str, first["loc"])) or "turn"
                raise ValueError(f"{path}: turn {number}: {where}: {first['msg']}") from None
        return cls(turns)

    def next(self, model: str, question: str, *, faults: bool = False) -> Turn | None:
        """The turn that answers a question, counted as used; None when no turn fits any more. ``faults``: of those alone."""
        for index, turn in enumerate(self._turns):
            if (turn.times and self._used[index] >= turn.times) or (faults and turn.fault is None):
                continue
            if turn.model in model and turn.contains in question:
                self._used[index] += 1
                return turn
        return None
