"""C4 and C7 on a real floor: another time zone and language, few open files; secrets stay where they belong."""

import asyncio
import json
import resource
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import psutil
import pytest

from outcry.floordb import running_database
from tests.e2e.floor import ADMIN_KEY, RunningFloor, open_floor, outcry, wait_for

CANARIES = {
    "ANTHROPIC_API_KEY": "canary-anthropic-4711", "OPENAI_API_KEY": "canary-openai-4711",
    "OUTCRY_FLOOR_KEY": "canary-floor-4711-0f1e2d3c4b5a69788796a5b4c3d2e1f0",
}  # fmt: skip
SECRETS = (*CANARIES.values(), ADMIN_KEY)
ODD = {"TZ": "Asia/Kathmandu", "LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8"}
OPEN_FILES = 256
WORDS = ("--market", "synthetic", "--speed", "max", "--rounds", "8", "--stay", "--seed", "11")
SHOWN = ("/api/v1/config", "/metrics", "/api/v1/metrics", "/schema/openapi.json", "/api/v1/status", "/api/v1/health",
         "/api/v1/decisions", "/api/v1/sessions", "/api/v1/nothing-here")  # fmt: skip


async def dump(url: str) -> dict[str, str]:
    """Every table as text."""
    connection = await asyncpg.connect(url)
    try:
        names = await connection.fetch(
            "SELECT c.oid::regclass::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema')"
        )
        return {
            row["name"]: "\n".join(
                one["line"] for one in await connection.fetch(f"SELECT t::text AS line FROM {row['name']} t")
            )
            for row in names
        }
    finally:
        await connection.close()


def holds(text: str) -> list[str]:
    return [secret[:16] for secret in SECRETS if secret in text]


def commanded(process: psutil.Process) -> str:
    """A process's command line; nothing of one that has ended meanwhile, as the orchestrator does with its last round."""
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""


def cored(process: psutil.Process) -> bool:
    """Whether a crash of the process leaves a file with its memory; one that has ended leaves none."""
    try:
        limits = Path(f"/proc/{process.pid}/limits").read_text()
    except OSError:
        return False
    return (
        next(line for line in limits.splitlines() if line.startswith("Max core file size")).split()[4] != "0"
    )


def shown(floor: RunningFloor) -> dict[str, str]:
    """What the API says, to an admin and to nobody."""
    found = {}
    for path in SHOWN:
        for key in (ADMIN_KEY, None):
            headers: dict[str, Any] = {} if key is None else {"X-API-Key": key}
            answer = httpx2.get(f"{floor.address}{path}", headers=headers, timeout=60, trust_env=False)
            assert answer.status_code < 500, (path, answer.text)
            found[f"{path} {key is None}"] = answer.text
    return found


@pytest.mark.timeout(600)
def test_c4_c7_a_floor_in_odd_surroundings_trades_the_same_and_tells_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "config.yaml").write_text("regimes: {train: false}\n")
    for name, value in {**CANARIES, **ODD}.items():
        monkeypatch.setenv(name, value)
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, before[1]))
    try:
        with open_floor(home, *WORDS) as floor:
            wait_for(lambda: (home / "run" / "summary.json").exists())
            here = psutil.Process(floor.process.pid).children(recursive=True)
            assert len(here) > 8
            lines = {one.pid: commanded(one) for one in here}
            assert {name: holds(line) for name, line in lines.items() if holds(line)} == {}
            held = {}
            for name, pid in floor.runfile()["pids"].items():
                try:
                    held[name] = holds(" ".join(psutil.Process(pid).environ().values()))
                except psutil.NoSuchProcess:  # the orchestrator ends with its last round
                    continue
            assert len(held) > 6 and not any(held.values()), held
            cores = {one.pid: cored(one) for one in here}
            assert not any(cores.values()), f"C4: processes that would leave a core file: {cores}"
            said = shown(floor)
            assert {path: holds(text) for path, text in said.items() if holds(text)} == {}
            url = running_database(home)
            tables = asyncio.run(dump(url))
            assert len(tables) > 20 and any(tables.values())
            assert {name: holds(text) for name, text in tables.items() if holds(text)} == {}
            wanted = outcry(home, "explain", "last", "--json").stdout
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert holds(wanted) == [] and holds((tmp_path / "home.log").read_text()) == []
    files = [path for path in home.rglob("*") if path.is_file() and not path.is_symlink()]
    leaking = [str(path) for path in files if any(one.encode() in path.read_bytes() for one in SECRETS)]
    assert len(files) > 100 and leaking == [], "logs, journals, and every page and log of the database"
    plain = tmp_path / "plain"
    plain.mkdir()
    (plain / "config.yaml").write_text("regimes: {train: false}\n")
    for name in ODD:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TZ", "UTC")
    with open_floor(plain, *WORDS):
        wait_for(lambda: (plain / "run" / "summary.json").exists())
    ours, theirs = (
        json.loads((one / "run" / "summary.json").read_text())["sessions"] for one in (home, plain)
    )
    assert [(one["head_seq"], one["head_hash"]) for one in ours] == [
        (one["head_seq"], one["head_hash"]) for one in theirs
    ]
