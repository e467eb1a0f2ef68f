"""Which events a client hears: by symbol, by session and by type, in the query, the first frame, or any later one.

Whoever chooses nothing hears everything. An event that concerns no symbol (or no session) at all, such as
``system_status``, passes every choice of symbols (or sessions); a choice of types leaves it out.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias
from uuid import UUID

from api.ws.told import Told
from openoutcry.errors import BadInput
from openoutcry.types.symbols import canonical

Part = Literal["symbols", "sessions", "types"]
PARTS: tuple[Part, ...] = ("symbols", "sessions", "types")
TYPES = (
    "position_update", "order_update", "trade", "agent_status", "system_status", "new_alert", "error",
)  # fmt: skip
MOST = 50
"""Names in one part of a subscription."""
Chosen: TypeAlias = frozenset[str] | None
"""None: all of them."""
Wish: TypeAlias = Mapping[Part, Sequence[str] | None]
"""What a message says of each part; a part that is absent stays as it is, None is all."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """What one client hears."""

    symbols: Chosen = None
    sessions: Chosen = None
    types: Chosen = None

    def admits(self, event: Told) -> bool:
        """True when the client hears it."""
        return (
            (self.types is None or event.type in self.types)
            and (self.symbols is None or event.symbol is None or event.symbol in self.symbols)
            and (self.sessions is None or event.session_id is None or event.session_id in self.sessions)
        )

    def with_(self, wish: Wish) -> "Subscription":
        """Beside what it hears, what is wished; the first choice of a part narrows it from everything.

        Raises BadInput naming the part.
        """
        return self._changed(wish, lambda old, new: (old or frozenset()) | new)

    def without(self, wish: Wish) -> "Subscription":
        """What it hears but for what is named. Raises BadInput naming a part of which that was not chosen."""
        for part, names in read(wish).items():
            chosen: Chosen = getattr(self, part)
            foreign = sorted((names or frozenset()) - (chosen or frozenset()))
            if names is None or foreign:
                raise BadInput(f"{part}: not subscribed to {', '.join(foreign) or 'null'}"[:100], field=part)
        return self._changed(wish, lambda old, new: (old or frozenset()) - new)

    def told(self) -> dict[str, list[str] | None]:
        """Each part as JSON has it."""
        parts = {"symbols": self.symbols, "sessions": self.sessions, "types": self.types}
        return {part: None if chosen is None else sorted(chosen) for part, chosen in parts.items()}

    def _changed(
        self, wish: Wish, change: Callable[[Chosen, frozenset[str]], frozenset[str]]
    ) -> "Subscription":
        made: dict[str, Chosen] = {}
        for part, names in read(wish).items():
            made[part] = None if names is None else change(getattr(self, part), names)
            if len(made[part] or ()) > MOST:
                raise BadInput(f"{part}: at most {MOST} of them", field=part)
        return replace(self, **made)


EVERYTHING = Subscription()


def read(wish: Wish) -> dict[Part, Chosen]:
    """Names in the words events use. Raises BadInput naming the part that cannot be read."""
    return {part: None if names is None else _names(part, names) for part, names in wish.items()}


def _names(part: Part, names: Sequence[str]) -> frozenset[str]:
    if not names:
        raise BadInput(f"{part}: name at least one", field=part)
    if len(names) > MOST:
        raise BadInput(f"{part}: at most {MOST} of them", field=part)
    if part == "symbols":
        return frozenset(canonical(name, field=part) for name in names)
    if part == "sessions":
        return frozenset(_session(name) for name in names)
    for name in names:
        if name not in TYPES:
            raise BadInput(f"types: {name[:30]!r} is none of {', '.join(TYPES)}"[:120], field=part)
    return frozenset(names)


def _session(name: str) -> str:
    try:
        return str(UUID(name))
    except ValueError as error:
        raise BadInput(f"sessions: {name[:40]!r} is no session's id", field="sessions") from error
