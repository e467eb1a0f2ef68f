"""C4 where everything is told: a live floor at DEBUG, through orders, failures, a revoked key and a halt. No secret is anywhere.

Every secret that there is has a value of its own here: the account's key and its secret, two vendors' keys, the floor's key, an
admin's, and the database's password.
"""

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
import httpx2
import psutil
import pytest
import yaml

from chaos.rig import CONFIG, WORDS, Sandbox
from db.commands import submit, wait
from db.pool import open_pool
from openoutcry.errors import OpenOutcryError
from openoutcry.types.commands import RunRound
from tests.e2e.floor import ROOT, RunningFloor, free_port, wait_for
from tests.e2e.practice import models_at
from tests.e2e.test_c4_c7_surroundings import commanded, dump
from wire.concealing import password_of
from wire.config import DEFAULT_ORG
from wire.connect import Connection
from wire.tokens import Caller, derive_key, mint_caller

FLOOR_KEY = "canary-floor-4711-0f1e2d3c4b5a69788796a5b4c3d2e1f0"
ADMIN = "canary-admin-4711-0f1e2d3c4b5a6978"
VENDORS = {"ANTHROPIC_API_KEY": "canary-anthropic-4711", "OPENAI_API_KEY": "canary-openai-4711"}
BUY = {"action": "BUY", "confidence": 0.8, "reasoning": "It rises.", "claims": [], "horizon_bars": 24}
TURNS = [
    {"model": "claude", "tool": "vote", "arguments": BUY, "times": 0},
    {"model": "gpt", "fault": "status", "status": 401, "times": 0},
]
TOLD = re.compile(r"oo[rt]1\.[\w-]{20,}")
"""A token of the floor's own, as it travels."""
ORDER = {"symbol": "BTC/USDT", "side": "BUY", "type": "MARKET", "quantity": 0.01}
SHOWN = ("/api/v1/config", "/metrics", "/schema/openapi.json", "/api/v1/status", "/api/v1/orders", "/api/v1/decisions",
         "/api/v1/reconciliations", "/api/v1/trade/halt", "/api/v1/nothing-here")  # fmt: skip
ASKED = ("get_mode", "get_balances", "get_positions", "list_orders", "list_reconciliations", "no_such_tool")


def _ended_or(process: "subprocess.Popen[str]", opened: Callable[[], Any]) -> bool:
    """Whether there is nothing left to wait for: one that ended opens nothing."""
    return process.poll() is not None or bool(opened())


@contextmanager
def told_everything(folder: Path, sandbox: Sandbox, models: str, database: str) -> Iterator[RunningFloor]:
    """A live floor, told to tell everything; stopped in the end."""
    home, port = folder / "home", free_port()
    home.mkdir()
    minds = {"trend": "anthropic:claude-haiku-4-5 > rules", "technical": "openai:gpt-5-mini > rules"}
    settings = {**yaml.safe_load(CONFIG), "agents": {name: {"mind": mind} for name, mind in minds.items()}}
    (home / "config.yaml").write_text(yaml.safe_dump(settings))
    env = {key: value for key, value in os.environ.items() if not key.startswith("OUTCRY_")} | {
        "OUTCRY_LOG_LEVEL": "DEBUG", "OUTCRY_FLOOR_KEY": FLOOR_KEY, "OUTCRY_ADMIN_KEY": ADMIN, "OUTCRY_DATABASE_URL": database,
        "OUTCRY_EXCHANGE_KEY": sandbox.key, "OUTCRY_EXCHANGE_SECRET": sandbox.secret, "PYTHONPATH": str(ROOT),
        "ANTHROPIC_BASE_URL": models, "OPENAI_BASE_URL": f"{models}/v1", **VENDORS,
    }  # fmt: skip
    words = [
        "--home",
        str(home),
        "--port",
        str(port),
        "--market",
        "live",
        "--timeframe",
        "1h",
        "--workers",
        "1",
    ]
    words += ["--exchange-url", sandbox.url, "--live", "--confirm", WORDS]
    with (folder / "floor.log").open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "outcry", "up", *words],
            cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=out, text=True,
        )  # fmt: skip
    floor = RunningFloor(home, process, f"http://127.0.0.1:{port}", folder / "floor.log")
    try:
        for opened in (
            (home / "run" / "floor.json").exists,
            lambda: ask(floor, "/api/v1/health"),
            lambda: sessions(floor),
        ):
            wait_for(partial(_ended_or, process, opened))
        assert process.poll() is None, (folder / "floor.log").read_text()[-2000:]
        yield floor
    finally:
        family = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
        for left in psutil.wait_procs(family, timeout=5)[1]:
            left.kill()


def ask(floor: RunningFloor, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """One request as the admin; nothing while the floor does not answer."""
    try:
        answer = httpx2.request("GET" if body is None else "POST", f"{floor.address}{path}", json=body,
                                headers={"X-API-Key": ADMIN}, timeout=60, trust_env=False)  # fmt: skip
    except httpx2.TransportError:
        return {}
    found: dict[str, Any] = (
        answer.json() if "json" in answer.headers.get("content-type", "") else {"text": answer.text}
    )
    return found


def sessions(floor: RunningFloor) -> list[dict[str, Any]]:
    """Those that are open."""
    found: list[dict[str, Any]] = ask(floor, "/api/v1/sessions").get("sessions", [])
    return found


async def a_round(database: str, session_id: str) -> None:
    pool = await open_pool(database)
    try:
        number = await submit(pool, UUID(DEFAULT_ORG), RunRound(session_id=session_id), "test")
        answered = await wait(pool, number, 60)
        assert answered is not None and answered["state"] == "DONE", answered
    finally:
        await pool.close()


async def trade(floor: RunningFloor, sandbox: Sandbox) -> list[str]:
    """Orders that go well and badly, a key that is revoked, and what MCP answers meanwhile; all that was said."""
    said = []
    async with aiohttp.ClientSession() as session:
        for kind in (None, {"kind": "status", "status": 500}, {"kind": "code", "code": -1013, "status": 400}):
            if kind is not None:
                await sandbox.act(session, "faults", method="POST", path="/api/v3/order", **kind)
            said.append(json.dumps(await asyncio.to_thread(ask, floor, "/api/v1/orders", ORDER)))
        said += await over_mcp(floor)
        await sandbox.act(session, "account", account="trader", revoked=True)
        said.append(json.dumps(await asyncio.to_thread(ask, floor, "/api/v1/orders", ORDER)))
        said.append(
            json.dumps(await asyncio.to_thread(ask, floor, "/api/v1/trade/halt", {"reason": "drill"}))
        )
    return said


async def over_mcp(floor: RunningFloor) -> list[str]:
    caller = Caller(client_id="test", audience="execution", scopes=("admin",), org_id=DEFAULT_ORG)
    token = mint_caller(derive_key(FLOOR_KEY.encode(), "execution"), caller)
    port = floor.runfile()["ports"]["execution"]
    connection, said = Connection("execution", f"http://127.0.0.1:{port}/mcp", token), []
    try:
        for tool in ASKED:
            try:
                said.append(json.dumps(await connection.call(tool, {}, timeout_s=30)))
            except OpenOutcryError as error:
                said.append(str(error))
    finally:
        await connection.close()
    assert any("balances" in one for one in said)
    return said


@pytest.mark.timeout(600)
def test_c4_a_live_floor_that_tells_everything_tells_no_secret(tmp_path: Path, fresh_database: str) -> None:
    sandbox = Sandbox(tmp_path, 7)
    try:
        asyncio.run(sandbox.opened())
        password = password_of(fresh_database)
        assert password is not None
        secrets = {"account": sandbox.key, "its secret": sandbox.secret, "floor": FLOOR_KEY, "admin": ADMIN,
                   "database": password, **VENDORS}  # fmt: skip

        def holds(text: str) -> list[str]:
            return [
                *(name for name, secret in secrets.items() if secret in text),
                *(one[:12] for one in TOLD.findall(text)),
            ]

        with (
            models_at(tmp_path, TURNS) as models,
            told_everything(tmp_path, sandbox, models, fresh_database) as floor,
        ):
            run = floor.runfile()
            for name, pid in {"outcry up": run["pid"], **run["pids"]}.items():
                process = psutil.Process(pid)
                assert holds(commanded(process)) == [], name
                assert holds(" ".join(process.environ().values())) == [], name
            asyncio.run(a_round(fresh_database, sessions(floor)[0]["id"]))
            for one in asyncio.run(trade(floor, sandbox)):
                assert holds(one) == [], one
            for path in SHOWN:
                assert holds(json.dumps(ask(floor, path))) == [], path
            wait_for(lambda: "venue_key_lost" in (floor.home / "logs" / "execution.log").read_text())
        tables = asyncio.run(dump(fresh_database))
        assert len(tables) > 20 and {name: holds(text) for name, text in tables.items() if holds(text)} == {}
    finally:
        sandbox.close()
    logs = {path.name: path.read_text() for path in (tmp_path / "home" / "logs").iterdir()}
    everything = {**logs, "floor.log": (tmp_path / "floor.log").read_text()}
    assert {name: holds(text) for name, text in everything.items() if holds(text)} == {}
    said = "".join(logs.values())
    assert "venue_key_lost" in said and "[secret]" in said and '"level": "debug"' in said
    for library in ("anthropic", "openai", "mcp", "httpcore", "websockets"):
        assert f'"logger": "{library}' in said, library
    rest = [path for path in (tmp_path / "home").rglob("*") if path.is_file() and path.parent.name != "logs"]
    assert [str(path) for path in rest if holds(path.read_text(errors="replace"))] == []
