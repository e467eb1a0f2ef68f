"""Finding agents: every file in ``agents/roster/``, every prompt file in ``config/personas/``, and the entry points that other
distributions declare.
"""

import importlib
import importlib.metadata
import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from itertools import chain
from types import ModuleType

from agents import roster
from agents.declare import Agent
from agents.personas import personas, shipped
from agents.seated import allowed_tools
from openoutcry.errors import StartupRefused
from openoutcry.settings import AgentSettings, Settings
from openoutcry.voting.seats import Seat
from wire.tokens import OPTIONAL_SERVERS

ENTRY_POINTS = "openoutcry.agents"


@dataclass(frozen=True, slots=True)
class Roster:
    """The agents found, by name, and what was wrong with the files and entry points that gave none."""

    agents: Mapping[str, Agent]
    broken: tuple[str, ...]

    def named(self, name: str) -> Agent:
        """One agent, whatever is wrong with its neighbours. Raises StartupRefused when it is not there."""
        if name not in self.agents:
            known = ", ".join(self.agents) or "none"
            raise StartupRefused("; ".join((f"no agent is named {name!r}; there are {known}", *self.broken)))
        return self.agents[name]

    def seats(self, settings: Settings) -> tuple[Seat, ...]:
        """The seats of a floor by name: every enabled agent with its configured weight, the optional ones only when named.

        Raises StartupRefused for a broken file and for a setting that names no agent.
        """
        if self.broken:
            raise StartupRefused("; ".join(self.broken))
        for name in settings.agents:
            if name not in self.agents:
                raise StartupRefused(
                    f"agents.{name}: is configured, but no file in agents/roster/ declares it"
                )
        given = {
            name: settings.agents.get(name, AgentSettings())
            for name, agent in self.agents.items()
            if name in settings.agents or not agent.optional
        }
        return tuple(
            Seat(agent=name, voice=self.agents[name].voice, weight=seat.weight)
            for name, seat in given.items()
            if seat.enabled
        )

    def asked_beside(self, settings: Settings) -> tuple[str, ...]:
        """The servers that run only because one of these seats asks them."""
        asked = set().union(*(_servers(self.agents[seat.agent], settings) for seat in self.seats(settings)))
        return tuple(name for name in OPTIONAL_SERVERS if name in asked)


def _servers(agent: Agent, settings: Settings) -> set[str]:
    given = settings.agents.get(agent.name, AgentSettings())
    return {tool.partition(".")[0] for tool in allowed_tools(agent, given)}


def discover(
    package: ModuleType = roster, group: str = ENTRY_POINTS, folder: Traversable | None = None
) -> Roster:
    """Every agent of a package's files, of an entry-point group, and the personas of a folder (None: those shipped) that are
    like one of them. The second of one name is broken.
    """
    found: dict[str, Agent] = {}
    broken: list[str] = []
    for origin, result in chain(_files(package), _entry_points(group), _personas(folder, package, found)):
        if isinstance(result, str):
            broken.append(f"{origin}: {result}")
        elif (first := found.get(result.name)) is not None:
            broken.append(f"{origin}: an agent named {result.name!r} is already declared in {first.source}")
        else:
            found[result.name] = result
    return Roster({name: found[name] for name in sorted(found)}, tuple(broken))


def _personas(
    folder: Traversable | None, package: ModuleType, found: Mapping[str, Agent]
) -> Iterator[tuple[str, Agent | str]]:
    """Asked last, when those that they are like have been found. Another package's roster has none of those shipped."""
    if folder is None and package is not roster:
        return
    yield from personas(shipped() if folder is None else folder, dict(found))


def _files(package: ModuleType) -> Iterator[tuple[str, Agent | str]]:
    for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda item: item.name):
        name = f"{package.__name__}.{info.name}"
        try:
            module = importlib.import_module(name)
        except Exception as error:  # a dropped-in file can fail in any way
            yield name, f"cannot be imported: {type(error).__name__}: {error}"
            continue
        agents = [
            value for value in vars(module).values() if isinstance(value, Agent) and value.source == name
        ]
        yield from ((name, agent) for agent in agents)
        if not agents:
            yield name, "declares no agent"


def _entry_points(group: str) -> Iterable[tuple[str, Agent | str]]:
    for point in sorted(
        importlib.metadata.entry_points(group=group), key=lambda item: (item.name, item.value)
    ):
        origin = f"entry point {point.value}"
        try:
            loaded = point.load()
        except Exception as error:  # so can another distribution
            yield origin, f"cannot be loaded: {type(error).__name__}: {error}"
            continue
        yield origin, loaded if isinstance(loaded, Agent) else f"is a {type(loaded).__name__}, not an agent"
