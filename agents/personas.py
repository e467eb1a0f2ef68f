"""Personas: a prompt file makes a new agent.

``config/personas/NAME.md`` is an optional agent called NAME. Its front matter names the agent it is ``like``: it reads what that
one reads and, without a model, votes by that one's rules; the text below is what its model is told it is.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Annotated

import yaml
from pydantic import Field, ValidationError

from agents.declare import NAME, Agent, Think
from openoutcry.ports import Model, Question, Reply, Toolbox
from openoutcry.types.frozen import Frozen
from openoutcry.types.market import Snapshot
from openoutcry.types.votes import Abstain, Vote

FENCE = "---\n"
MOST_CHARS = 20_000


class Front(Frozen):
    """What stands above the text."""

    like: Annotated[str, Field(min_length=1, max_length=40)]
    description: Annotated[str, Field(min_length=1, max_length=300)]


def shipped() -> Traversable:
    """The folder of the personas that come with the floor."""
    return resources.files("config") / "personas"


def personas(folder: Traversable, known: Mapping[str, Agent]) -> Iterator[tuple[str, Agent | str]]:
    """Every prompt file of a folder as an agent, or what is wrong with it."""
    if not folder.is_dir():
        return
    for file in sorted(folder.iterdir(), key=lambda one: one.name):
        if file.name.endswith(".md"):
            origin = f"personas/{file.name}"
            yield origin, _persona(origin, file.name.removesuffix(".md"), file, known)


def _persona(origin: str, name: str, file: Traversable, known: Mapping[str, Agent]) -> Agent | str:
    if not NAME.fullmatch(name):
        return "its name must be lower-case letters, digits and _, at most 40"
    try:
        text = file.read_text(encoding="utf-8").replace("\r\n", "\n")
    except (OSError, UnicodeDecodeError) as error:
        return f"cannot be read: {error}"
    _, begin, rest = text.partition(FENCE)
    head, end, brief = rest.partition(f"\n{FENCE}")
    if not text.startswith(FENCE) or not begin or not end or not brief.strip():
        return "must begin with a front matter between two lines of ---, and a text below it"
    if len(text) > MOST_CHARS:
        return f"is longer than {MOST_CHARS:,} characters"
    try:
        front = Front.model_validate(yaml.safe_load(head))
    except yaml.YAMLError as error:
        return f"its front matter is no YAML: {error}"
    except ValidationError as error:
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc'])) or 'front matter'}: {first['msg']}"
    base = known.get(front.like)
    if base is None:
        return f"like: there is no agent {front.like!r}; there are {', '.join(sorted(known))}"
    return replace(
        base,
        name=name,
        description=front.description,
        think=_thinking(base, name, brief.strip()),
        source=origin,
        optional=True,
    )


def _thinking(base: Agent, name: str, brief: str) -> Think:
    async def think(snapshot: Snapshot, tools: Toolbox, model: Model) -> Reply:
        reply = await base.think(snapshot, tools, Persona(name, brief, model))
        return Reply(_signed(reply.answer, name), reply.mind)

    return think


@dataclass(frozen=True, slots=True)
class Persona:
    """A mind that is told another brief, and speaks under another name."""

    name: str
    brief: str
    mind: Model

    async def answer(self, question: Question) -> Reply:
        """The mind's answer to the same question, as this persona."""

        def rules() -> Vote | Abstain:
            return _signed(question.rules(), self.name)

        return await self.mind.answer(replace(question, agent=self.name, brief=self.brief, rules=rules))


def _signed(answer: Vote | Abstain, name: str) -> Vote | Abstain:
    return answer.model_copy(update={"agent": name})
