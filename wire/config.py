"""What one process is told when it starts: by the supervisor directly, or from the environment when run by hand.

Environment (``python -m mcp_servers.market`` and friends, compose):
  OUTCRY_HOME             folder of everything written; default ~/.openoutcry
  OUTCRY_DATABASE_URL     your own Postgres; otherwise the embedded one that ``outcry up`` runs for this home
  OUTCRY_FLOOR_KEY        secret all tokens derive from (>= 32 characters); default the home's own generated key file
  OUTCRY_LOG_LEVEL        DEBUG, INFO (default), WARNING or ERROR; no secret is in any line
  OUTCRY_KILL_FILE        halts trading while it is there; default {home}/KILL
  OUTCRY_ENDPOINT_<NAME>  URL of another process, e.g. OUTCRY_ENDPOINT_MARKET, OUTCRY_ENDPOINT_AGENT_TREND
  OUTCRY_MARKET OUTCRY_EXCHANGE OUTCRY_SYMBOLS OUTCRY_TIMEFRAME OUTCRY_SEED OUTCRY_FROM OUTCRY_TO OUTCRY_SPEED OUTCRY_ROUNDS
"""

import contextlib
import os
import secrets
from collections.abc import Mapping, MutableMapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from openoutcry.canonical import digest
from openoutcry.errors import BadConfig, BadInput, StartupRefused
from openoutcry.placeholders import is_placeholder
from openoutcry.settings import Settings, parse
from openoutcry.types.frozen import Frozen
from openoutcry.types.market import Source
from openoutcry.types.symbols import canonical
from openoutcry.types.timeframes import parse_timeframe
from wire.concealing import conceal, password_of
from wire.document import parse_document
from wire.tokens import ANY_ORG, Caller, derive_key, mint_caller
from wire.vendor_keys import of_mind, take
from wire.venue_keys import VenueAccess

SHIPPED = ("default", "risk", "agents", "regimes")
CONFIG_FOLDER = Path(__file__).resolve().parent.parent / "config"
KILL_FILE = "KILL"
DEFAULT_ORG = "00000000-0000-0000-0000-000000000001"
DEFAULT_PORTS: Mapping[str, int] = {
    "market": 8101,
    "indicators": 8102,
    "risk": 8103,
    "execution": 8104,
    "agent-technical": 8111,
    "agent-trend": 8112,
    "agent-risk": 8113,
    "agent-hedging": 8114,
    "strategies": 8105,
    "api": 8080,
}
OPTIONAL_PORTS: Mapping[str, int] = {
    "news": 8106,
    "memory": 8107,
    "agent-mean_reversion": 8116,
    "agent-order_book": 8117,
    "agent-sentiment": 8118,
}
"""Of what runs only when it is asked for: nobody looks for it there by default."""
READ_SCOPES: Mapping[str, tuple[str, ...]] = {
    "market": ("md:read",),
    "indicators": ("ind:read",),
    "risk": ("risk:read",),
    "execution": ("order:read",),
}
OPTIONAL_SCOPES: Mapping[str, tuple[str, ...]] = {"news": ("news:read",), "memory": ("mem:read",)}
"""What an agent holds for the servers that run only when a seat asks them."""
FLOOR_SCOPES = {
    **READ_SCOPES,
    "execution": ("order:read", "order:place", "order:cancel", "account:sync", "floor:halt"),
}


EMBEDDING = ("memory", "embedder")
"""Who asks the configured embedder: the memory server for queries, the process beside the rounds for prompts."""
REFLECTOR = "reflector"
"""Who asks the configured model about decisions that have ended."""
PURSE = "purse"
"""Under this name an agent with a language model holds a second token for the risk server, to spend and nothing else."""
DOOR_SCOPES = {**READ_SCOPES, "execution": ("order:read", "order:place", "order:cancel", "floor:halt")}
"""What the API may hand on to its own callers, each of whom gets a part of it for one org; of a server that runs only when it
is asked for, where it does.
"""


class RunSpec(Frozen):
    """What is traded, on which data, how fast. ``speed`` 0 means as fast as possible."""

    market: Source = "synthetic"
    exchange: str = "binance"
    symbols: tuple[str, ...] = ()
    timeframe: str = "1m"
    start: datetime | None = None
    end: datetime | None = None
    speed: float = 1.0
    rounds: int | None = None
    seed: int = 7
    live: bool = Field(default=False, exclude_if=lambda value: not value)
    """Real orders at the exchange. Left out of what is recorded when it is off: paper runs keep their names."""

    def key(self) -> str:
        """What makes two starts the same run: a floor opened again with it goes on where it stopped."""
        return digest(self.model_dump(mode="json", exclude={"speed"}))


class ProcessConfig(Frozen):
    """Everything one process may know. ``key`` verifies its callers; ``tokens`` let it call others.

    ``floor_key`` is set for the orchestrator and the supervisor only: they mint rounds, approvals and tokens.
    """

    name: str
    home: Path
    database_url: str | None
    run: RunSpec
    settings: Settings
    endpoints: dict[str, str]
    key: bytes
    tokens: dict[str, str] = Field(default_factory=dict)
    floor_key: bytes | None = None
    org_id: str = DEFAULT_ORG
    vendor_keys: dict[str, str] = Field(default_factory=dict, repr=False)
    """Keys and addresses of the model vendors that this process asks; empty for every other one."""
    venue_access: VenueAccess | None = Field(default=None, repr=False)
    """The exchange account of real orders: the execution server's alone, and only on a live floor."""

    kill_at: Path | None = None
    cassette: Path | None = None
    """Where everything this process hears is written down; None: nowhere."""

    def secrets(self) -> tuple[str | None, ...]:
        """What this process holds that no line of its may tell."""
        venue = self.venue_access
        return (
            None if self.floor_key is None else self.floor_key.decode(),
            self.database_url if (password := password_of(self.database_url)) else None,
            password,
            *self.tokens.values(),
            *(value for name, value in self.vendor_keys.items() if name.endswith("_API_KEY")),
            *(() if venue is None else (venue.key.get_secret_value(), venue.secret.get_secret_value())),
        )

    @property
    def kill_file(self) -> Path:
        """While this file is there, the execution server lets nothing but risk-reducing orders leave."""
        return self.kill_at or self.home / KILL_FILE


def load_settings(home: Path, folder: Path = CONFIG_FOLDER) -> Settings:
    """The shipped YAML files with ``{home}/config.yaml`` over them. Raises BadConfig naming file and field."""
    values: dict[str, Any] = {}
    for path in (*(folder / f"{name}.yaml" for name in SHIPPED), home / "config.yaml"):
        if not path.exists():
            continue
        try:
            part = parse_document(path.read_bytes(), str(path)) or {}
        except OSError as error:
            raise BadConfig(f"{path}: cannot be read: {error.strerror}") from error
        except BadInput as error:
            raise BadConfig(str(error)) from error
        if not isinstance(part, dict):
            raise BadConfig(f"{path}: must be a mapping of sections")
        values = merged(values, part)
    return parse(values)


def merged(base: dict[str, Any], top: Mapping[str, Any]) -> dict[str, Any]:
    """``base`` with the values of ``top`` over it, mapping by mapping."""
    out = dict(base)
    for key, value in top.items():
        out[key] = (
            merged(out[key], value) if isinstance(value, dict) and isinstance(out.get(key), dict) else value
        )
    return out


def floor_key(home: Path, env: Mapping[str, str] = os.environ) -> bytes:
    """The floor's root secret: OUTCRY_FLOOR_KEY, else the home's key file, made once with mode 0600."""
    if text := env.get("OUTCRY_FLOOR_KEY"):
        if len(text) < 32:
            raise StartupRefused("OUTCRY_FLOOR_KEY: must have at least 32 characters")
        if is_placeholder(text):
            raise StartupRefused(
                "OUTCRY_FLOOR_KEY: reads like an example's; make one with: openssl rand -hex 32"
            )
        conceal((text,))
        return text.encode()
    path = home / "secrets" / "floor.key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_suffix(f".{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_hex(32))
        with contextlib.suppress(FileExistsError):  # another process made it first; theirs is the key
            os.link(draft, path)
        draft.unlink()
    text = path.read_text().strip()
    conceal((text,))
    return text.encode()


def mint_tokens(
    root: bytes,
    client: str,
    scopes: Mapping[str, tuple[str, ...]],
    org_id: str = DEFAULT_ORG,
    expires_at: datetime | None = None,
) -> dict[str, str]:
    """Bearer tokens for ``client``, one per server of ``scopes``."""
    end = None if expires_at is None else expires_at.timestamp()
    return {
        server: mint_caller(
            derive_key(root, server),
            Caller(client_id=client, audience=server, scopes=granted, org_id=org_id, expires_at=end),
        )
        for server, granted in scopes.items()
    }


def memory_keys(process: str, settings: Settings, keys: Mapping[str, str]) -> dict[str, str]:
    """What the processes that embed and that reflect need of the vendors' keys; nothing for any other."""
    if process == REFLECTOR:
        return of_mind(settings.memory.reflector, keys)
    return of_mind(settings.memory.embedder, keys) if process in EMBEDDING else {}


def purse_token(root: bytes, agent: str) -> dict[str, str]:
    """What an agent pays for models with."""
    return {PURSE: mint_tokens(root, agent, {"risk": ("mind:spend",)})["risk"]}


def parse_when(text: str | None, *, field: str, end: bool = False) -> datetime | None:
    """ISO date or datetime, UTC unless it says otherwise; a bare end date includes that whole day."""
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadConfig(f"{field}: {text!r} is not an ISO date such as 2023-01-31", field=field) from error
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    if end and len(text) == len("2023-01-31"):
        at = at.replace(hour=23, minute=59, second=59, microsecond=999999)
    return at


def parse_speed(text: str, *, field: str = "speed") -> float:
    """``max`` is 0 (no waiting); otherwise a positive number of market seconds per second."""
    if text == "max":
        return 0.0
    try:
        speed = float(text)
    except ValueError:
        speed = -1.0
    if not 0 < speed < 1e9:
        raise BadConfig(f"{field}: {text!r} must be a positive number or 'max'", field=field)
    return speed


def home_folder(given: str | None = None, env: Mapping[str, str] = os.environ) -> Path:
    """``--home``, else OUTCRY_HOME, else ~/.openoutcry."""
    return Path(given or env.get("OUTCRY_HOME") or "~/.openoutcry").expanduser().resolve()


def from_environment(
    name: str,
    *,
    home: str | None = None,
    database_url: str | None = None,
    env: MutableMapping[str, str] = os.environ,
    role: Literal["server", "agent", "orchestrator", "api"] = "server",
) -> ProcessConfig:
    """The configuration of a process started by hand or by compose. Vendors' keys do not stay in ``env``."""
    folder = home_folder(home, env)
    folder.mkdir(parents=True, exist_ok=True)
    root, settings, keys = floor_key(folder, env), load_settings(folder), take(env)
    market, seed = _source(env.get("OUTCRY_MARKET", "synthetic")), int(env.get("OUTCRY_SEED", "7"))
    stored_as = f"synthetic-{seed}" if market == "synthetic" else env.get("OUTCRY_EXCHANGE", "binance")
    spec = RunSpec(
        market=market,
        exchange=stored_as,
        symbols=tuple(
            canonical(s, field="OUTCRY_SYMBOLS") for s in env.get("OUTCRY_SYMBOLS", "").split(",") if s
        ),
        timeframe=parse_timeframe(env.get("OUTCRY_TIMEFRAME", "1m"), field="OUTCRY_TIMEFRAME"),
        start=parse_when(env.get("OUTCRY_FROM"), field="OUTCRY_FROM"),
        end=parse_when(env.get("OUTCRY_TO"), field="OUTCRY_TO", end=True),
        speed=parse_speed(env.get("OUTCRY_SPEED", "1"), field="OUTCRY_SPEED"),
        rounds=int(env["OUTCRY_ROUNDS"]) if env.get("OUTCRY_ROUNDS", "").isdigit() else None,
        seed=seed,
    )
    trusted = role == "orchestrator"
    given: dict[str, Mapping[str, tuple[str, ...]]] = {
        "orchestrator": FLOOR_SCOPES,
        "agent": {**READ_SCOPES, **OPTIONAL_SCOPES},
        "api": {**DOOR_SCOPES, **OPTIONAL_SCOPES},
    }
    scopes = given.get(role, {})
    agents = {key: url for key, url in _endpoints(env).items()}
    config = ProcessConfig(
        name=name,
        home=folder,
        database_url=database_url or env.get("OUTCRY_DATABASE_URL"),
        run=spec,
        settings=settings,
        endpoints=agents,
        key=derive_key(root, name),
        tokens={
            **mint_tokens(
                root,
                name,
                {**scopes, **({a: ("vote",) for a in agents if votes(a)} if trusted else {})},
                org_id=ANY_ORG if role == "api" else DEFAULT_ORG,
            ),
            **(purse_token(root, name) if role == "agent" else {}),
        },
        floor_key=root if trusted else None,
        vendor_keys=keys if role == "agent" else memory_keys(name, settings, keys),
        kill_at=kill_path(env),
    )
    conceal(config.secrets())
    return config


def kill_path(env: Mapping[str, str] = os.environ) -> Path | None:
    """OUTCRY_KILL_FILE, None for the file ``KILL`` in the home."""
    given = env.get("OUTCRY_KILL_FILE")
    return Path(given).expanduser() if given else None


def kill_file(home: Path) -> Path:
    """The file that halts trading in this home, as this process is told of it."""
    return kill_path() or home / KILL_FILE


def votes(name: str) -> bool:
    """Whether the process of this name is asked for votes: an agent, or the host of the registry's strategies."""
    return name.startswith("agent-") or name == "strategies"


def _source(text: str) -> Source:
    if text not in ("live", "recorded", "synthetic"):
        raise BadConfig(f"OUTCRY_MARKET: {text!r} must be live, recorded or synthetic", field="OUTCRY_MARKET")
    return text  # type: ignore[return-value]


def _endpoints(env: Mapping[str, str]) -> dict[str, str]:
    ports = {**DEFAULT_PORTS, **{name: OPTIONAL_PORTS[name] for name in OPTIONAL_SCOPES}}
    out = {name: f"http://127.0.0.1:{port}/mcp" for name, port in ports.items() if name != "api"}
    for key, value in env.items():
        if key.startswith("OUTCRY_ENDPOINT_"):
            name = key.removeprefix("OUTCRY_ENDPOINT_").lower()
            out[f"agent-{name.removeprefix('agent_')}" if name.startswith("agent_") else name] = value
    return out
