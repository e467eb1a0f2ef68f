"""``outcry up --compat``: a real floor, and every curl and JavaScript line of the documents run against its listeners.

Only the host and port of a line are mapped, and the placeholders that its document leaves to the reader filled in.
"""

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from threading import Timer
from typing import Any

import pytest
from websockets.asyncio.client import connect

from tests.api.walk.terms import unlike
from tests.api.walk.transcribed import example, lines_to_run
from tests.e2e.conftest import copied
from tests.e2e.floor import ADMIN_KEY, RunningFloor, free_port, open_floor, outcry, wait_for

EVENTS = {514, 521, 535, 549, 563, 576, 589, 604}
WALKED = {"cryptofunk": {*EVENTS, 292, 306, 318}, "alphapulse": {153, 169}}
SESSION = "123e4567-e89b-12d3-a456-426614174000"
STRATEGY = "278bba9d-7f4c-476c-9dea-a1a44f1fcfba"


class Compat:
    """A floor with three more listeners, open to whoever comes without credentials."""

    def __init__(self, floor: RunningFloor, ports: dict[str, int]) -> None:
        self.floor, self.ports = floor, ports
        self.main = int(floor.address.rpartition(":")[2])

    def mapped(self, text: str, **given: str) -> str:
        """A line with the port of this floor in it."""
        for host, port in (
            ("localhost:8080", self.main), ("localhost:5001", self.ports["mangrove"]),
            ("localhost:18001", self.ports["alphapulse"]),
        ):  # fmt: skip
            text = text.replace(host, f"localhost:{port}")
        text = text.replace("https://rose.ampfi.app", f"http://localhost:{self.main}")
        text = text.replace("https://{cognito-endpoint}", f"http://localhost:{self.ports['tradai']}")
        for name, value in given.items():
            text = text.replace(name, value)
        return text

    def curl(self, text: str, **given: str) -> tuple[int, Any]:
        """Status and body of a curl line."""
        marked = re.sub(r"\bcurl ", "curl -s -w '\\n%{http_code}' ", self.mapped(text, **given))
        done = subprocess.run(
            ["sh", "-c", marked],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
            env={**os.environ, "TOKEN": ADMIN_KEY},
        )
        body, _, status = done.stdout.rstrip().rpartition("\n")
        return int(status), json.loads(body)


@pytest.fixture(scope="module")
def compat(begun_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compat]:
    home = copied(begun_home, tmp_path_factory.mktemp("compat") / "home")
    ports = {name: free_port() for name in ("tradai", "alphapulse", "mangrove")}
    words = ("--market", "synthetic", "--timeframe", "1h", "--speed", "3600", "--workers", "0", "--compat", "--compat-ports",
             ",".join(f"{name}:{port}" for name, port in ports.items()))  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OUTCRY_API_OPEN", "admin")
        with open_floor(home, *words) as floor:
            floor.wait_rounds(12)
            yield Compat(floor, ports)


def node(compat: Compat, text: str, folder: Path, **given: str) -> str:
    """What a JavaScript passage prints; it must end well."""
    found = shutil.which("node")
    if found is None:
        pytest.skip("no node on this machine")
    version = int(
        re.findall(
            r"\d+", subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout
        )[0]
    )
    if version < 20:
        pytest.skip(f"node {version} has no WebSocket")
    file = folder / "lines.mjs"
    file.write_text(compat.mapped(text, **given))
    flags = [] if version >= 22 else ["--experimental-websocket"]
    done = subprocess.run(
        [found, *flags, str(file)], capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, "AMPFI_API_TOKEN": ADMIN_KEY},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.timeout(600)
def test_mangroves_lines(compat: Compat) -> None:
    lines = lines_to_run("mangrove", "sh")
    status, made = compat.curl(lines[60])
    assert (status, unlike("mangrove", 85, example("mangrove", 85).response, made)) == (201, [])
    own = {STRATEGY: made["strategy"]["id"]}
    status, listed = compat.curl(lines[31])
    assert (status, unlike("mangrove", 34, example("mangrove", 34).response, listed), listed["limit"]) == (
        200,
        [],
        10,
    )
    assert compat.curl(lines[121], **own) == (200, {**compat.curl(lines[121], **own)[1]})
    assert compat.curl(lines[131], **own)[1]["success"] is True
    assert compat.curl(lines[126], **own)[1]["success"] is True
    status, missing = compat.curl(lines[121])
    assert (status, missing["error"], missing["code"]) == (404, "RESOURCE_NOT_FOUND", "RESOURCE_NOT_FOUND")


@pytest.mark.timeout(600)
def test_tradais_line(compat: Compat) -> None:
    made = json.loads(outcry(compat.floor.home, "users", "add-client", "dashboard", "--json").stdout)
    own = {"{CLIENT_ID}": made["client_id"], "{CLIENT_SECRET}": made["client_secret"]}
    status, body = compat.curl(lines_to_run("tradai", "sh")[78], **own)
    assert (status, body["token_type"], body["expires_in"]) == (200, "Bearer", 3600), body


@pytest.mark.timeout(600)
def test_ampfis_curl_lines(compat: Compat) -> None:
    """The synthetic floor has no 208 days of candles, which is answered as printed; its own tests have a market."""
    for line, text in lines_to_run("ampfi", "sh").items():
        one = text.split("\n# With")[0]
        assert compat.curl(one)[1]["code"] == "INVALID_BEARER_TOKEN", line
        status, body = compat.curl(one, YOUR_BEARER_TOKEN=ADMIN_KEY)
        assert status in (200, 404, 422) and (
            "strategy" in body or "BTC/USDT" in body["error"] + body["message"]
        ), body


def _neighbours(compat: Compat) -> bool:
    newest = compat.floor.get("/api/v1/decisions", limit=1)["decisions"][0]["id"]
    return bool(compat.floor.get(f"/api/v1/decisions/{newest}/similar", limit=5)["similar"])


@pytest.mark.timeout(600)
def test_cryptofunks_program(compat: Compat, tmp_path: Path) -> None:
    """Its four examples are one program: the later ones use what the first declares."""
    # A decision has past ones beside it once some of those have ended.
    wait_for(lambda: _neighbours(compat), 1.0)
    lines = lines_to_run("cryptofunk", "js")
    program = "const updatePositionUI = () => {};\n" + "\n".join(lines[line] for line in (684, 718, 740, 755))
    said = node(compat, program + "\nsetTimeout(() => process.exit(0), 8000);\n", tmp_path)
    assert re.search(r"Trading started, session: [0-9a-f-]{36}", said), said
    assert re.search(r"Order placed: [0-9a-f-]{36}", said), said
    assert said.count("\nDecision: ") >= 10 and "Similar past decisions:\n- " in said, said
    assert "Configuration updated: {" in said and "max_position_size: 0.15" in said, said


@pytest.mark.timeout(600)
def test_cryptofunks_socket_lines(compat: Compat, tmp_path: Path) -> None:
    order = {"symbol": "BTC/USDT", "side": "BUY", "type": "MARKET", "quantity": 0.01}
    trader = Timer(2.0, lambda: compat.floor.post("/api/v1/orders", order))
    trader.start()
    ending = "\nsetTimeout(() => process.exit(0), 6000);\n"
    said = node(compat, lines_to_run("cryptofunk", "js")[500] + ending, tmp_path)
    trader.join(20)
    assert said.startswith("Connected to CryptoFunk WebSocket\n") and "Received: {" in said, said


async def _heard(compat: Compat, wanted: set[str], work: Any) -> dict[str, Any]:
    """The first frame of each type that the floor really sends while ``work`` is done."""
    found: dict[str, Any] = {}
    async with connect(f"ws://127.0.0.1:{compat.main}/api/v1/ws") as socket:
        await socket.send(json.dumps(example("cryptofunk", 604).request))
        doing = asyncio.create_task(asyncio.to_thread(work))
        async with asyncio.timeout(60):
            while not (wanted <= found.keys() and doing.done()):
                if doing.done():
                    doing.result()
                frame = json.loads(await socket.recv())
                kind = frame["type"]
                if kind == "order_update" and frame["data"]["status"] != "FILLED":
                    continue
                if kind == "system_status" and frame["data"]["status"] != "trading_started":
                    continue
                found.setdefault(kind, frame)
        doing.result()
    return found


def _hedged(floor: RunningFloor) -> Any:
    """What an execution of hedges answers that had something to do; None when a round had been before it."""
    floor.post("/api/v1/hedging/close", {})
    answer = floor.post("/api/v1/hedging/execute", {}).json()
    return answer if answer["executed_trades"] else None


@pytest.mark.timeout(600)
async def test_every_event_is_really_sent_and_commands_answer_as_printed(compat: Compat) -> None:
    said: dict[int, Any] = {}
    agent = compat.floor.pid(next(name for name in compat.floor.runfile()["pids"] if "technical" in name))

    def work() -> None:
        started = compat.floor.post("/api/v1/trade/start", example("cryptofunk", 292).request)
        assert started.status_code == 200, started.text
        said[292] = started.json()
        own = {"session_id": said[292]["session_id"]}
        order = {"symbol": "BTC/USDT", "side": "BUY", "type": "MARKET", "quantity": 0.01}
        made = compat.floor.post("/api/v1/orders", order).json()
        assert made["order"]["status"] == "FILLED", made
        refused = compat.floor.post("/api/v1/orders", {**order, "quantity": 50}).json()
        assert refused["order"]["status"] == "REJECTED", refused
        account = compat.floor.post("/api/v1/execution/accounts", {"asset": "BTC", "initial_balance": 1000})
        assert account.status_code in (200, 201), account.text
        said[153] = wait_for(lambda: _hedged(compat.floor))
        said[169] = compat.floor.post("/api/v1/hedging/close", {}).json()
        said[318] = compat.floor.post("/api/v1/trade/pause", own).json()
        said[306] = compat.floor.post("/api/v1/trade/stop", {**own, "final_capital": 10500.0}).json()
        # Stopped, not killed: a killed agent may be back before anybody misses it.
        os.kill(agent, signal.SIGSTOP)

    wanted = {"position_update", "order_update", "trade", "agent_status", "system_status", "error", "pong"}
    try:
        frames = await _heard(compat, wanted, work)
    finally:
        os.kill(agent, signal.SIGCONT)
    for line in sorted(EVENTS - {514}):
        printed = example("cryptofunk", line).response
        assert unlike("cryptofunk", line, printed, frames[printed["type"]]) == [], frames[printed["type"]]
    for frame in frames.values():
        assert unlike("cryptofunk", 514, example("cryptofunk", 514).response, frame) == []
    for line in (292, 306, 318):
        assert unlike("cryptofunk", line, example("cryptofunk", line).response, said[line]) == [], said[line]
    for line in (153, 169):
        assert unlike("alphapulse", line, example("alphapulse", line).response, said[line]) == [], said[line]
