"""Which processes make a floor, what each is told, and where it listens."""

import socket
from collections.abc import Iterable, Mapping
from pathlib import Path

from openoutcry.settings import Settings
from openoutcry.spaces import parse_embedder
from orchestrator.supervisor import Task
from outcry.process_configs import Configs
from wire.config import DOOR_SCOPES, FLOOR_SCOPES, OPTIONAL_SCOPES, READ_SCOPES, REFLECTOR, RunSpec
from wire.tokens import ANY_ORG, SERVERS
from wire.vendor_keys import speaks
from wire.venue_keys import VenueAccess

LOOPBACK = "127.0.0.1"
STRATEGIES = "strategies"
"""The host of the registry's strategies."""
ADVISER = 5
"""Niceness of agents: all think at once and have seconds to, while whoever asks the API or has an order to place waits."""
ROOT = Path(__file__).resolve().parent.parent


def preload(*, live: bool) -> list[str]:
    """What the fork server imports once for all: every process's entry and every tool and agent of ours, and what libraries
    import only when they are used.

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
    libraries += ["anyio._backends._asyncio", "httpcore2", "litestar.plugins.pydantic"]
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
    configs = Configs(
        home, spec, settings, database_url, root, endpoints, vendor_keys or {}, cassette, venue_access
    )
    asks = {name: ("vote",) for name in (*seats, STRATEGIES)}
    extra = {name: scopes for name, scopes in OPTIONAL_SCOPES.items() if name in names}
    conductor = configs.of("orchestrator", scopes={**FLOOR_SCOPES, **asks}, trusted=True)
    door = configs.of("api", scopes={**DOOR_SCOPES, **extra}, org_id=ANY_ORG)
    hands = [f"worker-{number}" for number in range(1, workers + 1)]
    return [
        *(
            Task(
                name,
                f"python -m mcp_servers.{name}",
                "mcp_servers.entry:child",
                configs.of(name),
                ports[name],
            )
            for name in names
        ),
        *_voices(configs, seats, ports, beside),
        Task("orchestrator", "python -m orchestrator", "orchestrator.run:run", conductor, once=True),
        Task("api", "python -m api", "api.server:run", door, api_port),
        *(Task(name, "outcry worker", "workers.floor:run", configs.of(name)) for name in hands),
        *_keepers(configs),
    ], ports


def _voices(
    configs: Configs, seats: Iterable[str], ports: Mapping[str, int], beside: Iterable[str]
) -> list[Task]:
    """Who votes: the seats, and the host of the registry's strategies. They read, and know no database."""
    read = {name: READ_SCOPES[name] for name in ("market", "indicators", "risk")}
    read |= {name: OPTIONAL_SCOPES[name] for name in beside}
    speakers = {
        **{seat: (f"python -m agents {seat.removeprefix('agent-')}", "agents.entry:start") for seat in seats},
        STRATEGIES: ("python -m agents --strategies", "agents.host:start"),
    }
    return [
        Task(
            name, title, target, configs.of(name, scopes=read, database=False), ports[name], niceness=ADVISER
        )
        for name, (title, target) in speakers.items()
    ]


def _keepers(configs: Configs) -> list[Task]:
    """What keeps the memory beside the rounds, where a model is asked for it."""
    memory, keepers = configs.settings.memory, []
    if not parse_embedder(memory.embedder).offline:
        run = "workers.embedding:run"
        keepers.append(Task("embedder", "outcry memory embed --stay", run, configs.of("embedder")))
    if speaks(memory.reflector):
        run = "workers.reflecting:run"
        keepers.append(Task(REFLECTOR, "outcry memory reflect --stay", run, configs.of(REFLECTOR)))
    return keepers


def afterwards(tasks: Iterable[Task]) -> Task:
    """What answers commands once the conductor has come to its end."""
    config = next(task.config for task in tasks if task.once)
    return Task("afterwards", "python -m orchestrator (run complete)", "orchestrator.afterwards:run", config)
