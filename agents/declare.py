"""How an agent is declared: one decorated function per file in ``agents/roster/``.

    @agent("technical", voice="analysis", tools=("indicators.indicator_snapshot",), description="...")
    async def technical(snapshot: Snapshot, tools: Toolbox, model: Model) -> Reply: ...

The function gathers facts with its tools and puts them to its mind (rules or a language model).
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from openoutcry.errors import StartupRefused
from openoutcry.ports import Model, Reply, Toolbox
from openoutcry.types.market import Snapshot
from openoutcry.voting.seats import Voice

Think = Callable[[Snapshot, Toolbox, Model], Awaitable[Reply]]
NAME = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)
TOOL = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Agent:
    """A declared agent. ``tools`` are the ``server.tool`` names it may call, ``source`` its module.

    An ``optional`` one sits only where the settings name it.
    """

    name: str
    voice: Voice
    tools: tuple[str, ...]
    description: str
    think: Think
    source: str
    optional: bool = False


def agent(
    name: str,
    *,
    voice: Voice = "analysis",
    tools: tuple[str, ...],
    description: str,
    optional: bool = False,
) -> Callable[[Think], Agent]:
    """Declare an agent. Raises StartupRefused when its name or a tool's name cannot be one."""
    if not NAME.fullmatch(name):
        raise StartupRefused(f"agent {name!r}: a name is lower-case letters, digits and _, at most 40")
    for tool in tools:
        if not TOOL.fullmatch(tool):
            raise StartupRefused(f"agent {name!r}: tool {tool!r} must be named server.tool")
    return lambda think: Agent(name, voice, tools, description, think, think.__module__, optional)
