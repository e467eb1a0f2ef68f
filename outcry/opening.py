"""The choreography of ``outcry up``: choose the market, open the database, start the processes, watch, close."""

import asyncio
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from types import FrameType

from db.embedded import EmbeddedPostgres
from openoutcry.errors import BadConfig, StartupRefused
from openoutcry.settings import AgentSettings, Settings
from openoutcry.spaces import parse_embedder
from openoutcry.types.market import Source
from openoutcry.types.symbols import canonical
from openoutcry.types.timeframes import parse_timeframe
from openoutcry.version import VERSION
from orchestrator.supervisor import Supervisor, cool, warm
from outcry import runfile
from outcry.live_switches import access, operator
from outcry.perhaps_read import with_readings
from outcry.screen import Screen
from outcry.tasks import afterwards, plan, port_is_free, preload
from wire.config import REFLECTOR, RunSpec, floor_key, home_folder, load_settings, parse_speed, parse_when
from wire.exchanges import refuse_unknown
from wire.namesakes import refuse_namesakes
from wire.tokens import OPTIONAL_SERVERS
from wire.vendor_keys import speaks, take
from wire.venue_keys import VenueAccess, loopback

SYNTHETIC_START = datetime(2024, 1, 1, tzinfo=UTC)
SYNTHETIC_SPEED = 12.0
PROBE_S = 3.0
READY_S = 60.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """The command line's wishes, unchecked."""

    home: Path | None
    port: int
    market: str
    exchange: str
    symbols: str | None
    timeframe: str | None
    start: str | None
    end: str | None
    compat: str | None
    """Other ports the API listens on, as OUTCRY_COMPAT_PORTS has them; None: only its own."""
    speed: str | None
    rounds: int | None
    seed: int
    workers: int
    stay: bool
    as_json: bool
    record: Path | None = None
    agents: str | None = None
    """Who sits, by name and comma; None: who the settings seat."""
    servers: str | None = None
    """Servers that run although no seat asks them, by name and comma."""
    live: bool = False
    confirm: str | None = None
    exchange_url: str | None = None
    venue_access: VenueAccess | None = field(default=None, repr=False)
    """Made from the environment by ``open_floor`` itself."""
    vendor_keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Taken from the environment by ``open_floor`` itself."""
    root: bytes = field(default=b"", repr=False)
    admin_key: str | None = field(default=None, repr=False)
    """The floor's key, and an admin's where one was given; no process of the floor finds them in its environment."""


def open_floor(wanted: Wanted) -> int:
    """Open the floor and stay with it. Returns the exit code: 0 done or stopped, 1 a process could not be kept alive."""
    refuse_namesakes()
    wanted = replace(
        wanted, vendor_keys=take(os.environ)
    )  # before anything that could inherit them is started
    os.environ.setdefault(
        "OPENBLAS_NUM_THREADS", "1"
    )  # ten processes share the cores; threads would only fight
    on_ending(signal.default_int_handler)  # until there are processes to stop in order
    home = home_folder(str(wanted.home) if wanted.home else None)
    screen = Screen(quiet=wanted.as_json)
    screen.opening(str(home))
    make_home(home)
    if not port_is_free(wanted.port):
        raise StartupRefused(f"port {wanted.port} is taken; choose another with --port")
    if wanted.compat is not None:
        os.environ["OUTCRY_COMPAT_PORTS"] = wanted.compat  # read by the API's process
        taken = [port for port in re.findall(r":(\d{1,5})\b", wanted.compat) if not port_is_free(int(port))]
        if taken:
            raise StartupRefused(f"port {taken[0]} is taken; choose others with --compat-ports")
    settings = load_settings(home)
    wanted = replace(wanted, root=floor_key(home), admin_key=os.environ.pop("OUTCRY_ADMIN_KEY", None))
    os.environ.pop("OUTCRY_FLOOR_KEY", None)
    if wanted.exchange_url is not None:
        os.environ["OUTCRY_CCXT_URL"] = loopback(wanted.exchange_url) or ""  # all processes read its market
    wanted = replace(
        wanted,
        venue_access=access(
            live=wanted.live, market=wanted.market, exchange=wanted.exchange, url=wanted.exchange_url,
            typed=wanted.confirm, settings=settings, ask=operator(),
        ),
    )  # fmt: skip
    if wanted.market in ("auto", "live"):
        refuse_unknown(wanted.exchange)
    with runfile.sole_owner(home):
        warm(preload())
        try:
            code = _open(wanted, home, screen)
        finally:
            cool()
    screen.step("floor closed, nothing left running")
    return code


def _open(wanted: Wanted, home: Path, screen: Screen) -> int:
    probe = _start_probe(wanted) if wanted.market == "auto" else None
    spec = run_spec(replace(wanted, market="synthetic") if probe else wanted, home)
    for leftover in ("progress.json", "summary.json"):
        (home / "run" / leftover).unlink(missing_ok=True)
    with _database(home) as database:
        key = asyncio.run(prepare(database.url, wanted.admin_key, live=spec.live))
        screen.step("database ready, schema current")
        if probe is not None:
            spec = _after_probe(wanted, home, probe, screen)
        return _run(wanted, home, spec, database, key, screen)


def on_ending(handler: Callable[[int, FrameType | None], object] | signal.Handlers) -> None:
    """Handle Ctrl-C, SIGTERM and a closed terminal; one that was told to outlive its terminal (nohup) does."""
    hangup = () if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else (signal.SIGHUP,)
    for number in (signal.SIGINT, signal.SIGTERM, *hangup):
        signal.signal(number, handler)


def make_home(home: Path) -> None:
    """The home, writable. Raises StartupRefused saying why it cannot be."""
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StartupRefused(f"--home: cannot make the folder {home}: {error.strerror}") from error
    if not os.access(home, os.W_OK | os.X_OK):
        raise StartupRefused(f"--home: {home} is not writable for this user; choose another folder")


def run_spec(wanted: Wanted, home: Path) -> RunSpec:
    """What to trade on which data. Raises BadConfig naming the option."""
    if wanted.market not in ("live", "recorded", "synthetic"):
        raise BadConfig(
            f"--market: {wanted.market!r} must be auto, live, synthetic or recorded", field="market"
        )
    market: Source = wanted.market  # type: ignore[assignment]
    asked = tuple(canonical(s, field="--symbols") for s in (wanted.symbols or "").split(",") if s.strip())
    if len(set(asked)) != len(asked):
        raise BadConfig("--symbols: the same symbol twice", field="symbols")
    spec = RunSpec(
        market=market,
        exchange=wanted.exchange,
        symbols=asked or ("BTC/USDT",),
        timeframe=parse_timeframe(wanted.timeframe or "1m", field="--timeframe"),
        start=parse_when(wanted.start, field="--from"),
        end=parse_when(wanted.end, field="--to", end=True),
        speed=1.0,
        rounds=wanted.rounds,
        seed=wanted.seed,
        live=wanted.live,
    )
    if spec.start and spec.end and spec.start >= spec.end:
        raise BadConfig("--from: must be before --to", field="from")
    if market == "live":
        if spec.start or spec.end or wanted.speed:
            raise BadConfig("--from, --to and --speed: a live market has its own time", field="from")
        return spec
    if market == "recorded":
        return _recorded(spec, wanted, home, asked)
    speed = parse_speed(wanted.speed, field="--speed") if wanted.speed else SYNTHETIC_SPEED
    return spec.model_copy(
        update={"start": spec.start or SYNTHETIC_START, "speed": speed, "exchange": f"synthetic-{spec.seed}"}
    )


def _recorded(spec: RunSpec, wanted: Wanted, home: Path, asked: tuple[str, ...]) -> RunSpec:
    from outcry.recorded import choose  # reads Parquet footers; other markets do not need that

    speed = parse_speed(wanted.speed, field="--speed") if wanted.speed else 0.0
    return choose(
        spec.model_copy(update={"speed": speed}), home, asked, timeframe_given=wanted.timeframe is not None
    )


def _start_probe(wanted: Wanted) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "mcp_servers.market.sources.probe", "--exchange", wanted.exchange],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def _after_probe(wanted: Wanted, home: Path, probe: subprocess.Popen[bytes], screen: Screen) -> RunSpec:
    try:
        answered = probe.wait(PROBE_S + 3.0) == 0
    except subprocess.TimeoutExpired:
        probe.kill()
        probe.wait()
        answered = False
    if answered:
        screen.step(f"{wanted.exchange} answers: live market data")
        return run_spec(replace(wanted, market="live"), home)
    screen.warn(f"{wanted.exchange} does not answer: trading SYNTHETIC data. Prices are generated, not real.")
    return run_spec(replace(wanted, market="synthetic"), home)


class Database:
    """The floor's database: the operator's own, or the embedded server, started again when it dies."""

    def __init__(self, url: str, server: EmbeddedPostgres | None) -> None:
        self.url = url
        self._server = server

    def keep_alive(self, on_change: Callable[[str, str], None]) -> None:
        """Bring the embedded server back after a crash, at the same address."""
        if self._server is not None and not self._server.alive():
            on_change("postgres", "died, starting again")
            if self._server.start() != self.url:
                raise StartupRefused("postgres came back at another address; open the floor again")
            on_change("postgres", "ready")


@contextlib.contextmanager
def _database(home: Path) -> Iterator[Database]:
    url = os.environ.get("OUTCRY_DATABASE_URL")
    if url:
        yield Database(url, None)
        return
    server = EmbeddedPostgres(home)
    try:
        yield Database(server.start(), server)
    finally:
        server.stop()


async def prepare(url: str, admin_key: str | None, *, live: bool) -> str | None:
    """Bring the schema up to date and make the first admin key. Returns the key's text when one was made here.

    Raises StartupRefused for a floor on paper where live sessions are still open.
    """
    from db.keys import first_admin_key  # after the first line is on screen
    from db.sessions import refuse_open_live
    from db.state import clear_config_updates
    from outcry.database import open_current

    pool = await open_current(url)
    try:
        if not live:
            await refuse_open_live(pool)
        await clear_config_updates(pool)  # runtime changes end with the floor they were made on
        return await first_admin_key(pool, admin_key)
    finally:
        await pool.close()


def _run(
    wanted: Wanted, home: Path, spec: RunSpec, database: Database, key: str | None, screen: Screen
) -> int:
    from agents.registry import discover

    roster = discover()
    settings = seated(load_settings(home), wanted.agents, roster.agents)
    seats = [seat.agent for seat in roster.seats(settings)]
    tell_of_minds(settings, wanted.vendor_keys, home, screen)
    _warn_of_embedder(settings, wanted.vendor_keys, home, screen)
    _warn_of_reflector(settings, wanted.vendor_keys, home, screen)
    tasks, ports = plan(
        home,
        spec=spec,
        settings=settings,
        database_url=database.url,
        root=wanted.root,
        agents=seats,
        api_port=wanted.port,
        workers=wanted.workers,
        vendor_keys=wanted.vendor_keys,
        cassette=_cassette(wanted, home, spec, settings, seats),
        venue_access=wanted.venue_access,
        beside=roster.asked_beside(settings),
        served=served(wanted.servers),
    )
    supervisor = Supervisor(tasks, screen.notice)
    on_ending(lambda *_: supervisor.stop_soon())
    address = f"http://127.0.0.1:{wanted.port}"
    watcher = Watcher(home, spec, address, ports, supervisor, screen, key)
    try:
        supervisor.start()
        watcher.note()

        def tick() -> None:
            database.keep_alive(screen.notice)
            watcher.tick()

        code = supervisor.watch(tick)
        screen.end_progress()
        summary = runfile.read_json(home / "run" / "summary.json")
        if summary is not None:
            summary = asyncio.run(with_readings(summary, database.url, home))
            print(json.dumps(summary)) if wanted.as_json else screen.summary(summary)
        if code == 0 and wanted.stay:
            screen.step("run complete; still serving, stop with Ctrl-C")
            supervisor.add(afterwards(tasks))
            supervisor.watch(tick)
        return code or 0
    finally:
        on_ending(signal.SIG_IGN)
        screen.end_progress()
        supervisor.stop()
        runfile.path_of(home).unlink(missing_ok=True)


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


def _cassette(
    wanted: Wanted, home: Path, spec: RunSpec, settings: Settings, agents: list[str]
) -> Path | None:
    """The file that the run is written down in, begun with what it is run with. Raises StartupRefused for one that exists."""
    if wanted.record is None:
        return None
    from wire.cassette import VERSION as FORMAT
    from wire.cassette import Recorder
    from wire.prices import load_prices

    path = wanted.record.expanduser().resolve()
    if path.exists():
        raise StartupRefused(f"--record: {path} exists; a recording never goes on in another's file")
    try:
        header = Recorder(path, "up")
    except OSError as error:
        raise StartupRefused(f"--record: cannot write {path}: {error.strerror}") from error
    header.write(
        "header", version=FORMAT, product=VERSION, run=spec.model_dump(mode="json"), agents=agents,
        settings=settings.model_dump(mode="json"), prices=load_prices(home).model_dump(mode="json"),
    )  # fmt: skip
    return path


class Watcher:
    """Keeps the run file and the screen true while the floor runs."""

    def __init__(
        self,
        home: Path,
        spec: RunSpec,
        address: str,
        ports: dict[str, int],
        supervisor: Supervisor,
        screen: Screen,
        key: str | None,
    ) -> None:
        self._home, self._spec, self._address, self._ports = home, spec, address, ports
        self._supervisor, self._screen, self._key = supervisor, screen, key
        self._pids: dict[str, int] = {}
        self._ready = False
        self._began = monotonic()

    def note(self) -> None:
        """Write the run file when a process id changed."""
        pids = self._supervisor.pids()
        if pids != self._pids:
            self._pids = pids
            me = os.getpid()
            runfile.write(
                self._home,
                runfile.RunFile(
                    pid=me, born=runfile.born(me), version=VERSION, address=self._address, market=self._spec.market,
                    ports=self._ports, pids=pids,
                ),
            )  # fmt: skip

    def tick(self) -> None:
        """Called a few times a second."""
        self.note()
        state = runfile.read_json(self._home / "run" / "progress.json")
        if state is None:
            if not self._ready and monotonic() - self._began > READY_S:
                self._began = monotonic()
                self._screen.warn(f"no round yet; look into {self._home / 'logs'}")
            return
        if not self._ready:
            self._ready = True
            self._screen.step(f"{len(self._pids)} processes, first round closed")
            self._screen.ready(self._address, self._key, self._spec.market, real_orders=self._spec.live)
        self._screen.progress(state)


def tell_of_minds(settings: Settings, keys: Mapping[str, str], home: Path, screen: Screen) -> None:
    """Say once that rules vote where no model can, and which models cannot be used, with the variable to look at.

    Raises BadConfig for a mind that is none, and for what can be no key and no address.
    """
    wanted = {name: seat.mind for name, seat in settings.agents.items() if seat.enabled and speaks(seat.mind)}
    if not wanted:
        screen.step("no language model is configured: every agent votes by its rules")
        return
    from agents.llm.checking import findings

    found = asyncio.run(findings(wanted, keys, home))
    if not any(one.asked for one in found):
        unset = ", ".join(sorted({one.said.partition(" ")[0] for one in found}))
        screen.warn(f"no key for any language model ({unset} not set): every agent votes by its rules")
        return
    for one in found:
        if not one.usable:
            screen.warn(f"{one.model}: {one.said}. What follows it in its chain answers instead.")


def _warn_of_embedder(settings: Settings, keys: Mapping[str, str], home: Path, screen: Screen) -> None:
    """Say why the configured embedder cannot be used, with the variable to look at. Raises BadConfig for one without a price."""
    if parse_embedder(settings.memory.embedder).offline:
        return
    from outcry.embedding import embedder_finding

    found = asyncio.run(embedder_finding(settings.memory, keys, home))
    if not found.usable:
        screen.warn(
            f"{found.model}: {found.said}. Decisions are found by the space that answers now until it can be asked."
        )


def _warn_of_reflector(settings: Settings, keys: Mapping[str, str], home: Path, screen: Screen) -> None:
    """Say which models that look back at decisions cannot be used. Raises BadConfig for a chain that is none."""
    if not speaks(settings.memory.reflector):
        return
    from agents.llm.checking import findings

    for one in asyncio.run(findings({REFLECTOR: settings.memory.reflector}, keys, home)):
        if not one.usable:
            screen.warn(f"{one.model}: {one.said}. The rules reflect meanwhile.")
