"""Which processes make a floor, what each is told, and where it listens."""

import socket
from collections.abc import Iterable, Mapping
from pathlib import Path

from openoutcry.settings import Settings
from openoutcry.spaces import parse_embedder
from orchestrator.supervisor import Task
from wire.config import (
    DEFAULT_ORG,
    DOOR_SCOPES,
    FLOOR_SCOPES,
    OPTIONAL_SCOPES,
    READ_SCOPES,
    REFLECTOR,
    ProcessConfig,
    RunSpec,
    kill_path,
    memory_keys,
    mint_tokens,
    purse_token,
)
from wire.tokens import ANY_ORG, SERVERS, derive_key
from wire.vendor_keys import of_mind, speaks
from wire.venue_keys import VenueAccess

LOOPBACK = "127.0.0.1"
STRATEGIES = "strategies"
"""The host of the registry's strategies."""
ADVISER = 5
"""Niceness of agents: all think at once and have seconds to, while whoever asks the API or has an order to place waits."""
ROOT = Path(__file__).resolve().parent.parent


def preload(*, live: bool) -> list[str]:
    """What the fork server imports once for all: every process's entry and every tool and agent of ours.

    With real money ccxt too: an execution server that was killed is back sooner by the seconds its import takes.
    """
    folders = [*(f"mcp_servers/{name}/tools" for name in SERVERS), "agents/roster"]
    parts = [
        ".".join((*folder.split("/"), file.stem))
        for folder in folders
        for file in sorted((ROOT / folder).glob("[a-z]*.py"))
    ]
    entries = [
        *(f"mcp_servers.{name}.server" for name in SERVERS),
        "agents.entry",
        "agents.host",
        "orchestrator.run",
        "orchestrator.child",
        "api.server",
    ]
    libraries = ["uvicorn.protocols.http.httptools_impl", "mcp.client.streamable_http", "pyarrow.parquet"]
    libraries += ["ccxt"] if live else []
    return [*libraries, *entries, *parts]


def free_ports(names: Iterable[str]) -> dict[str, int]:
    """A free loopback port for each name (all held at once while choosing, so they differ)."""
    held = []
    try:
        ports = {}
        for name in names:
            probe = socket.socket()
            held.append(probe)
            probe.bind((LOOPBACK, 0))
            ports[name] = int(probe.getsockname()[1])
        return ports
    finally:
        for probe in held:
            probe.close()


def port_is_free(port: int) -> bool:
    """True when nothing listens on the loopback port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def plan(
    home: Path,
    *,
    spec: RunSpec,
    settings: Settings,
    database_url: str,
    root: bytes,
    agents: Iterable[str],
    api_port: int,
    workers: int = 1,
    vendor_keys: Mapping[str, str] | None = None,
    cassette: Path | None = None,
    venue_access: VenueAccess | None = None,
    beside: Iterable[str] = (),
    served: Iterable[str] = (),
) -> tuple[list[Task], dict[str, int]]:
    """The floor's tasks and ports. Agents learn neither the database nor the floor key.

    ``beside`` are the servers that run because a seat asks them, ``served`` those that people asked for.
    """
    names = [*SERVERS, *dict.fromkeys((*beside, *served))]
    seats = [f"agent-{name}" for name in agents]
    ports = {**free_ports([*names, *seats, STRATEGIES]), "api": api_port}
    endpoints = {name: f"http://{LOOPBACK}:{port}/mcp" for name, port in ports.items() if name != "api"}

    def config(
        name: str,
        *,
        scopes: Mapping[str, tuple[str, ...]] | None = None,
        database: bool = True,
        trusted: bool = False,
        org_id: str = DEFAULT_ORG,
    ) -> ProcessConfig:
        return ProcessConfig(
            name=name,
            home=home,
            database_url=database_url if database else None,
            run=spec,
            settings=settings,
            endpoints={peer: url for peer, url in endpoints.items() if peer in (scopes or {})},
            key=derive_key(root, name),
            tokens={
                **mint_tokens(root, name, scopes or {}, org_id),
                **(purse_token(root, name) if speaks(mind_of(name, settings)) else {}),
            },
            floor_key=root if trusted else None,
            cassette=cassette,
            vendor_keys={
                **of_mind(mind_of(name, settings), vendor_keys or {}),
                **memory_keys(name, settings, vendor_keys or {}),
            },
            venue_access=venue_access if name == "execution" else None,
            kill_at=kill_path(),
        )

    servers = [
        Task(name, f"python -m mcp_servers.{name}", "mcp_servers.entry:child", config(name), ports[name])
        for name in names
    ]
    read = {name: READ_SCOPES[name] for name in ("market", "indicators", "risk")}
    read |= {name: OPTIONAL_SCOPES[name] for name in beside}
    speakers = {
        **{seat: (f"python -m agents {seat.removeprefix('agent-')}", "agents.entry:start") for seat in seats},
        STRATEGIES: ("python -m agents --strategies", "agents.host:start"),
    }
    voices = [
        Task(name, title, target, config(name, scopes=read, database=False), ports[name], niceness=ADVISER)
        for name, (title, target) in speakers.items()
    ]
    asks = {name: ("vote",) for name in speakers}
    extra = {name: scopes for name, scopes in OPTIONAL_SCOPES.items() if name in names}
    conductor = config("orchestrator", scopes={**FLOOR_SCOPES, **asks}, trusted=True)
    door = config("api", scopes={**DOOR_SCOPES, **extra}, org_id=ANY_ORG)
    keepers = []
    if not parse_embedder(settings.memory.embedder).offline:
        run = "workers.embedding:run"
        keepers.append(Task("embedder", "outcry memory embed --stay", run, config("embedder")))
    if speaks(settings.memory.reflector):
        run = "workers.reflecting:run"
        keepers.append(Task(REFLECTOR, "outcry memory reflect --stay", run, config(REFLECTOR)))
    hands = [f"worker-{number}" for number in range(1, workers + 1)]
    return [
        *servers,
        *voices,
        Task("orchestrator", "python -m orchestrator", "orchestrator.run:run", conductor, once=True),
        Task("api", "python -m api", "api.server:run", door, api_port),
        *(Task(name, "outcry worker", "workers.floor:run", config(name)) for name in hands),
        *keepers,
    ], ports


def mind_of(process: str, settings: Settings) -> str:
    """The mind of an agent's process; no other process has one."""
    seat = settings.agents.get(process.removeprefix("agent-")) if process.startswith("agent-") else None
    return seat.mind if seat else ""


def afterwards(tasks: Iterable[Task]) -> Task:
    """What answers commands once the conductor has come to its end."""
    config = next(task.config for task in tasks if task.once)
    return Task("afterwards", "python -m orchestrator (run complete)", "orchestrator.afterwards:run", config)
