"""One run of Schemathesis in a process of its own, and what it found."""

import asyncio
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import httpx

CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
    "response_schema_conformance", "use_after_free", "ignored_auth", "unsupported_method",
)  # fmt: skip
PHASES = "examples,coverage,fuzzing,stateful"
ELSEWHERE = "^/(mlflow|mcp/|api/v1/tools/|api/v1/docs/tools)"
"""What other servers answer, where the floor only passes on; tests/api/mcp and tests/api/tracking try those."""
GENERATED = re.compile(r"(\d[\d,]*) generated")
TESTED = re.compile(r"Tested: (\d[\d,]*)")


@dataclass(frozen=True)
class Outcome:
    """What a run said; ``failed`` when a check did not hold or a call broke."""

    failed: bool
    cases: int
    operations: int
    said: str


async def schemathesis(
    address: str, token: str, *, examples: int, seed: int, folder: Path, timeout_s: float
) -> Outcome:
    """All phases over every operation, at most ``examples`` generated for each."""
    async with httpx.AsyncClient(
        timeout=120, verify=False
    ) as client:  # Schemathesis itself waits for ten seconds
        document = await client.get(f"http://{address}/schema/openapi.json")
    (folder / "openapi.json").write_bytes(document.content)
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "run", "openapi.json", "--url", f"http://{address}",
        "--header", f"Authorization: Bearer {token}", "--phases", PHASES, "--checks", ",".join(CHECKS),
        "--max-examples", str(examples), "--seed", str(seed), "--workers", "2", "--generation-database", "none",
        "--request-timeout", "60", "--suppress-health-check", "all", "--no-color", "--warnings", "off", "--no-shrink",
        "--exclude-path-regex", ELSEWHERE,
    ]  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        out, _ = await asyncio.wait_for(process.communicate(), timeout_s)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    said = out.decode()
    return Outcome(process.returncode != 0, _count(GENERATED, said), _count(TESTED, said), said)


def _count(pattern: re.Pattern[str], said: str) -> int:
    found = pattern.search(said)
    return int(found[1].replace(",", "")) if found else 0
