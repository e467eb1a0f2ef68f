"""Answers that are given again for as long as nothing was committed in the database.

Most of what dashboards ask, they ask again before anything happened. Whether something did costs Postgres a twentieth of a
list: two snapshots that read the same show the same rows, for what is below both and not under way in them has ended for
good. So an answer is not an old one, whoever wrote, in whichever process: it is what the statement would find now.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Concatenate, ParamSpec

from db.reads.written import Written
from db.singles import SinglesPool
from db.tenancy import ORG

NOW = "SELECT pg_current_snapshot()::text"
MOST = 256
LARGEST = 64 * 1024
"""Bytes of an answer that is remembered."""
P = ParamSpec("P")


@dataclass(frozen=True, slots=True, eq=False)
class _Moment:
    """A state of the database. One object stands for one state of one server's life."""

    snapshot: str
    life: int


class Unchanged:
    """Remembers the last ``MOST`` answers by what was asked, and for which org."""

    def __init__(self, pool: SinglesPool) -> None:
        self._pool = pool
        self._now: _Moment | None = None
        self._kept: OrderedDict[Hashable, tuple[_Moment | None, Written]] = OrderedDict()

    async def read(
        self,
        ask: Callable[Concatenate[SinglesPool, P], Awaitable[Written]],
        *arguments: P.args,
        **options: P.kwargs,
    ) -> Written:
        """What ``ask`` finds with these arguments: they are hashable, and all that its answer depends on beside the database.

        Raises what it raises.
        """
        question = (ORG.get(), ask, arguments, tuple(options.items()))
        kept = self._kept.get(question)
        if kept is not None and kept[0] is self._now and await self._moment() is kept[0]:
            self._kept.move_to_end(question)
            return kept[1]
        since = self._now  # seen before the answer is read: it is at least as new
        answer = await ask(self._pool, *arguments, **options)
        if answer.lasting and len(answer.text) <= LARGEST:
            self._kept[question] = since, answer
            if len(self._kept) > MOST:
                self._kept.popitem(last=False)
        return answer

    async def _moment(self) -> _Moment:
        """The state the database is in. A server that crashed may count the same numbers again."""
        snapshot = await self._pool.fetchval(NOW)
        life = self._pool.singles.opened
        if self._now is None or self._now.snapshot != snapshot or self._now.life != life:
            self._now = _Moment(snapshot, life)
        return self._now
