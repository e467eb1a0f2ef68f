"""A pool that answers statements from a table and remembers what it was asked: for the logic around the SQL."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any


class Pool:
    """``answers`` by statement: a value, or a function of the arguments. A statement that is not there answers None."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self._answers = answers
        self.asked: list[tuple[str, tuple[Any, ...]]] = []

    def _answer(self, statement: str, arguments: tuple[Any, ...]) -> Any:
        self.asked.append((statement, arguments))
        found = self._answers.get(statement)
        return found(*arguments) if callable(found) else found

    async def fetchrow(self, statement: str, *arguments: Any) -> Any:
        return self._answer(statement, arguments)

    async def fetchval(self, statement: str, *arguments: Any) -> Any:
        return self._answer(statement, arguments)

    async def fetch(self, statement: str, *arguments: Any) -> Any:
        return self._answer(statement, arguments) or []

    async def execute(self, statement: str, *arguments: Any) -> None:
        self._answer(statement, arguments)

    @asynccontextmanager
    async def acquire(self, **_: Any) -> AsyncIterator["Pool"]:
        yield self

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        yield

    def is_closed(self) -> bool:
        return False

    def arguments(self, statement: str) -> list[tuple[Any, ...]]:
        """What a statement was asked with, each time."""
        return [arguments for asked, arguments in self.asked if asked == statement]
