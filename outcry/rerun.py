"""A whole run again from its cassette: the floor's own code and ledger, with nothing behind it but what was recorded.

Every answer of a server and of a model comes from the cassette, every time and id too; agents think again, the committee
counts again, orders are planned and judged again, and each record is chained anew in a database of its own. A question that
was not asked then ends the run with the name of the call and of the field that differs.
"""

import contextlib
import secrets
import tempfile
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from agents.entry import opened
from agents.llm.taping import Playing
from db.embedded import EmbeddedPostgres
from db.migrate import upgrade
from openoutcry.errors import BadInput, ReplayDiverged
from openoutcry.minds.contamination import Reading, Said, day_of, readings
from openoutcry.settings import Settings
from openoutcry.types.frozen import Frozen
from openoutcry.types.votes import Abstain, Ballot
from orchestrator.bootstrap import LiveFloor, seats
from orchestrator.conductor import Conductor
from orchestrator.run import sole_orchestrator
from orchestrator.store import Store
from orchestrator.taping import RunPlaying
from wire.cassette import Reel, difference
from wire.config import DEFAULT_ORG, ProcessConfig, RunSpec
from wire.connect import Connection
from wire.prices import load_prices
from wire.taped import PlayedPeer, answered
from wire.tokens import OPTIONAL_SERVERS, SERVERS, derive_key

BY = "orchestrator"
PATIENCE_S = 300.0
"""A replay waits for nobody outside; a loaded machine may still be slow."""


class Rerun(Frozen):
    """How it went: each symbol's head as recorded and now, and the first thing that differed."""

    identical: bool
    recorded: dict[str, str]
    recomputed: dict[str, str]
    differences: tuple[str, ...] = ()


class Present(PlayedPeer):
    """A peer that answers. Who came late to the opening was missed in the rounds, which hold that themselves."""

    async def list_tools(self) -> list[dict[str, Any]]:
        """Nothing: it is asked whether it is there, and for no more."""
        return []


class Voice(Present):
    """An agent that thinks again, and must say what it said."""

    def __init__(self, name: str, reel: Reel, agent: Connection, heard: list[Said]) -> None:
        super().__init__(name, BY, reel)
        self._agent, self._heard = agent, heard

    async def call(
        self,
        tool: str,
        arguments: Mapping[str, Any],
        *,
        round_token: str | None = None,
        timeout_s: float = 5.0,
    ) -> dict[str, Any]:
        """Its ballot. One that was late, lost or an abstention stands: it tells of what no recording brings back."""
        told = answered(self._reel.play("call", BY, f"{self._name}.{tool}", dict(arguments)))
        if tool != "vote":
            return told
        ballot, asked = Ballot.model_validate(told), arguments["snapshot"]
        day = day_of(datetime.fromisoformat(asked["as_of"]))
        self._heard.append(Said(ballot.agent, ballot.mind.model, day, asked["source"]))
        if isinstance(ballot.answer, Abstain):
            return told
        now = await self._agent.call(tool, arguments, round_token=round_token, timeout_s=PATIENCE_S)
        if not self._reel.misses and now != told:
            snapshot = arguments["snapshot"]
            where = f"{self._name}, round {snapshot['symbol']}:{snapshot['seq']}"
            self._reel.misses.append(f"{where}: vote: {difference(told, now)}")
        if self._reel.misses:
            raise ReplayDiverged(self._reel.misses[0])
        return now


async def rerun(path: Path) -> tuple[Rerun, tuple[Reading, ...]]:
    """Run a cassette again; how it went, and what its models may have read before, by the cut-offs that were in force.

    Raises BadInput for a file that is none.
    """
    reel = Reel.load(path)
    with tempfile.TemporaryDirectory(prefix="outcry-replay-") as folder:
        home = Path(folder)
        server = EmbeddedPostgres(home, durable=False)
        try:
            url = server.start()
            await upgrade(url)
            heard: list[Said] = []
            done = await _run(reel, home, url, heard)
            return done, readings(heard, load_prices(home).cutoffs)
        finally:
            server.stop()


async def _run(reel: Reel, home: Path, url: str, heard: list[Said]) -> Rerun:
    spec = RunSpec.model_validate(reel.header["run"]).model_copy(update={"speed": 0.0})
    settings = Settings.model_validate(reel.header["settings"])
    (home / "models.yaml").write_text(yaml.safe_dump(reel.header["prices"]))
    tape, root = RunPlaying(reel), secrets.token_bytes(32)
    recorded: dict[str, str] = reel.end["heads"]
    differences: tuple[str, ...] = ()
    async with (
        sole_orchestrator(url) as fence,
        Store.opened(url, home, DEFAULT_ORG, fence) as store,
        _voices(reel, home, spec, settings, root, heard) as agents,
    ):
        floor = LiveFloor(
            home=home,
            store=store,
            servers={name: Present(name, BY, reel) for name in SERVERS},
            agents=agents,
            voices=seats(settings, agents),
            root=root,
            settings=settings,
            tape=tape,
        )
        try:
            await Conductor(floor, spec, home).run()
        except ReplayDiverged as error:
            differences = (str(error),)
    if not differences and tape.heads != recorded:
        differences = (f"heads: {difference(recorded, tape.heads)}",)
    return Rerun(identical=not differences, recorded=recorded, recomputed=tape.heads, differences=differences)


@contextlib.asynccontextmanager
async def _voices(
    reel: Reel, home: Path, spec: RunSpec, settings: Settings, root: bytes, heard: list[Said]
) -> AsyncIterator[dict[str, Voice]]:
    patient = settings.voting.model_copy(update={"deadline_s": PATIENCE_S})
    async with contextlib.AsyncExitStack() as stack:
        found: dict[str, Voice] = {}
        for agent in reel.header["agents"]:
            name = f"agent-{agent}"
            config = ProcessConfig(
                name=name,
                home=home,
                database_url=None,
                run=spec,
                settings=settings.model_copy(update={"voting": patient}),
                endpoints={},
                key=derive_key(root, name),
            )
            peers = {server: PlayedPeer(server, name, reel) for server in (*SERVERS, *OPTIONAL_SERVERS)}
            hosted = await stack.enter_async_context(
                opened(config, None, servers=peers, tape=Playing(reel, name))
            )
            connection = Connection(name, hosted)
            stack.push_async_callback(connection.close)
            found[agent] = Voice(name, reel, connection, heard)
        if not found:
            raise BadInput("the cassette names no agent", field="file")
        yield found
