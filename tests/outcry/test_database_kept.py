"""P8 and P9: the floor's own database comes back whenever it can, and the floor waits for it."""

from collections.abc import Iterator

import pytest

from db.embedded import EmbeddedPostgresError
from openoutcry.errors import StartupRefused
from outcry.opening import database
from outcry.opening.database import Database

URL = "postgresql://127.0.0.1:1/floor"
FULL = (
    "2026-01-01 [9] FATAL:  the database system is not yet accepting connections\nLOG: redo done\n"
    "2026-01-01 [7] FATAL:  could not write to file: No space left on device\nLOG: shut down"
)


class Server:
    """A dead server, and what each attempt to start it comes to."""

    def __init__(self, *attempts: str | EmbeddedPostgresError) -> None:
        self._attempts: Iterator[str | EmbeddedPostgresError] = iter(attempts)
        self.up = False

    def alive(self) -> bool:
        return self.up

    def start(self) -> str:
        came = next(self._attempts)
        if isinstance(came, EmbeddedPostgresError):
            raise came
        self.up = True
        return came


def kept(server: Server, looks: int) -> list[str]:
    said: list[str] = []
    floors = Database(URL, server)  # type: ignore[arg-type]  # what it asks of a server
    for _ in range(looks):
        floors.keep_alive(lambda name, what: said.append(f"{name}: {what}"))
    return said


def test_p9_a_server_that_does_not_start_is_tried_again_and_named_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(database, "AGAIN_S", 0.0)
    server = Server(EmbeddedPostgresError(FULL), EmbeddedPostgresError("another process"), URL)
    assert kept(server, 9) == [
        "postgres: died, starting again",
        "postgres: does not start, trying again: could not write to file: No space left on device",
        "postgres: ready",
    ]


def test_p9_it_is_not_tried_at_every_look() -> None:
    assert len(kept(Server(EmbeddedPostgresError("no line that tells why"), URL), 9)) == 2


def test_p8_a_server_that_is_somewhere_else_ends_the_floor() -> None:
    with pytest.raises(StartupRefused, match="another address"):
        kept(Server("postgresql://127.0.0.1:2/floor"), 1)
