"""Who sits on a floor, and which servers run although no seat asks them."""

from collections.abc import Collection

from openoutcry.errors import BadConfig
from openoutcry.settings import AgentSettings, Settings
from wire.tokens import OPTIONAL_SERVERS


def seated(settings: Settings, asked: str | None, known: Collection[str]) -> Settings:
    """The settings with these agents on their seats and all others off. Raises BadConfig naming the option."""
    if asked is None:
        return settings
    names = [name.strip() for name in asked.split(",") if name.strip()]
    strange = [name for name in names if name not in known]
    if strange or not names:
        raise BadConfig(
            f"--agents: {strange[0] if strange else asked!r} is no agent; there are {', '.join(known)}",
            field="agents",
        )
    given = {name: settings.agents.get(name, AgentSettings()) for name in {*known, *settings.agents}}
    seats = {name: seat.model_copy(update={"enabled": name in names}) for name, seat in given.items()}
    return settings.model_copy(update={"agents": dict(sorted(seats.items()))})


def served(asked: str | None) -> tuple[str, ...]:
    """The servers that people asked for. Raises BadConfig naming the option."""
    names = tuple(dict.fromkeys(name.strip() for name in (asked or "").split(",") if name.strip()))
    for name in names:
        if name not in OPTIONAL_SERVERS:
            raise BadConfig(
                f"--servers: {name!r} is none of {', '.join(OPTIONAL_SERVERS)}; the others always run",
                field="servers",
            )
    return names
