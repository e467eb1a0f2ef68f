"""The choreography of ``outcry up``: choose the market, open the database, start the processes, watch, close."""

import asyncio
import json
import os
import re
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import FrameType

from openoutcry.errors import StartupRefused
from orchestrator.supervisor import Supervisor, cool, warm
from outcry import runfile
from outcry.live_switches import access, operator
from outcry.opening.database import Database, opened, prepare
from outcry.opening.exchange_key import checked
from outcry.opening.market import after_probe, run_spec, start_probe
from outcry.opening.models import tell_of_models
from outcry.opening.recording import begun
from outcry.opening.seats import seated, served
from outcry.opening.wanted import Wanted
from outcry.opening.watching import Watcher
from outcry.perhaps_read import with_readings
from outcry.screen import Screen
from outcry.tasks import afterwards, plan, port_is_free, preload
from wire.concealing import conceal, password_of
from wire.config import RunSpec, floor_key, home_folder, kill_file, load_settings
from wire.exchanges import refuse_unknown
from wire.logs import asked_level
from wire.loopback import URL_ENV
from wire.namesakes import refuse_namesakes
from wire.vendor_keys import take
from wire.venue_keys import loopback
from wire.withdrawing import withdraw

WRITTEN = ("run", "logs", "secrets", "postgres", "candles", "venue", "ledger", "exchanges")
"""What processes write to in a home: one that cannot is found before the first begins."""


def open_floor(wanted: Wanted) -> int:
    """Open the floor and stay with it. Returns the exit code: 0 done or stopped, 1 a process could not be kept alive."""
    refuse_namesakes()
    asked_level()  # no process starts under a level that is none
    wanted = replace(wanted, vendor_keys=take(os.environ))  # before anything that could inherit them starts
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # processes share the cores; threads would only fight
    on_ending(signal.default_int_handler)  # until there are processes to stop in order
    home = home_folder(str(wanted.home) if wanted.home else None)
    screen = Screen(quiet=wanted.as_json)
    screen.opening(str(home))
    make_home(home)
    _claim_ports(wanted)
    wanted = _with_access(wanted, home)
    if wanted.market in ("auto", "live"):
        refuse_unknown(wanted.exchange)
    with runfile.sole_owner(home):
        warm(preload(live=wanted.live))
        try:
            code = _open(wanted, home, screen)
        finally:
            cool()
    screen.step("floor closed, nothing left running")
    return code


def _claim_ports(wanted: Wanted) -> None:
    """Raises StartupRefused where another program listens on a port of the API's."""
    if not port_is_free(wanted.port):
        raise StartupRefused(f"port {wanted.port} is taken; choose another with --port")
    if wanted.compat is not None:
        os.environ["OUTCRY_COMPAT_PORTS"] = wanted.compat  # read by the API's process
        for port in re.findall(r":(\d{1,5})\b", wanted.compat):
            if not port_is_free(int(port)):
                raise StartupRefused(f"port {port} is taken; choose others with --compat-ports")


def _with_access(wanted: Wanted, home: Path) -> Wanted:
    """With the floor's own keys and the exchange account's, none of them left in the environment."""
    settings, root = load_settings(home), floor_key(home)
    own = withdraw(os.environ, ("OUTCRY_ADMIN_KEY", "OUTCRY_FLOOR_KEY", "OUTCRY_DATABASE_URL"))
    url = own.get("OUTCRY_DATABASE_URL")
    conceal((own.get("OUTCRY_ADMIN_KEY"), password_of(url)))
    if wanted.exchange_url is not None:
        os.environ[URL_ENV] = loopback(wanted.exchange_url) or ""  # all processes read its market
    account = access(
        live=wanted.live, market=wanted.market, exchange=wanted.exchange, url=wanted.exchange_url,
        typed=wanted.confirm, settings=settings, ask=operator(),
    )  # fmt: skip
    return replace(
        wanted, root=root, admin_key=own.get("OUTCRY_ADMIN_KEY"), venue_access=account, database_url=url
    )


def _open(wanted: Wanted, home: Path, screen: Screen) -> int:
    probe = start_probe(wanted) if wanted.market == "auto" else None
    spec = run_spec(replace(wanted, market="synthetic") if probe else wanted, home)
    if wanted.venue_access is not None:
        asyncio.run(checked(wanted.venue_access, home))
    for leftover in ("progress.json", "summary.json"):
        (home / "run" / leftover).unlink(missing_ok=True)
    with opened(home, wanted.database_url) as database:
        found = asyncio.run(prepare(database.url, wanted.admin_key, spec, kill_file(home)))
        screen.step("database ready, schema current")
        for line in found.halted:
            screen.warn(line)
        if probe is not None:
            spec = after_probe(wanted, home, probe, screen)
        return _run(wanted, home, spec, database, found.key, screen)


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
    for name in WRITTEN:
        path = home / name
        if path.exists() and not (path.is_dir() and os.access(path, os.W_OK | os.X_OK)):
            raise StartupRefused(f"--home: {path} is no folder that this user may write to")


def _run(
    wanted: Wanted, home: Path, spec: RunSpec, database: Database, key: str | None, screen: Screen
) -> int:
    from agents.registry import discover

    roster = discover()
    settings = seated(load_settings(home), wanted.agents, roster.agents)
    seats = [seat.agent for seat in roster.seats(settings)]
    tell_of_models(settings, wanted.vendor_keys, home, screen)
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
        cassette=begun(wanted.record, home, spec, settings, seats),
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
