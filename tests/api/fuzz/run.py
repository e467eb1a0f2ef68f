"""One phase of Schemathesis in a process of its own, and what it found."""

import asyncio
import json
import os
import re
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from api.describing.links import LINKS

CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
    "response_schema_conformance", "use_after_free", "ignored_auth", "unsupported_method",
)  # fmt: skip
ELSEWHERE = "^/(mlflow|mcp/|api/v1/tools/|api/v1/docs/tools)"
"""What other servers answer, where the floor only passes on; tests/api/mcp and tests/api/tracking try those."""
LINKED = sorted({*LINKS, *(target for targets in LINKS.values() for target in targets)})
EVERY = ("--exclude-path-regex", ELSEWHERE)
CHAINED = tuple(word for name in LINKED for word in ("--include-operation-id", name))
PHASES: Mapping[str, tuple[str, ...]] = {
    "coverage": ("--phases", "examples,coverage", *EVERY),
    "fuzzing": ("--phases", "fuzzing", *EVERY),
    "chains": ("--phases", "stateful", *CHAINED),
}
CHAINS = """\
[phases.stateful]
max-steps = 30
inference.algorithms = []
"""
"""Of what Schemathesis would infer by itself, a thousand links, most lead nowhere: only the document's are walked."""
TESTED = re.compile(r"Tested: (\d[\d,]*)")
FOLLOWED = re.compile(r"API Links: +(\d+) covered")
HOOKS = Path(__file__).with_name("hooks.py")


@dataclass(frozen=True)
class Outcome:
    """What a phase said; ``failed`` when a check did not hold or a call broke. ``answers`` counts calls by status, ``links``
    those that chains followed."""

    failed: bool
    operations: int
    links: int
    answers: Counter[int]
    said: str

    @property
    def refused(self) -> int:
        """Calls that the door did not let in."""
        return self.answers[401]

    @property
    def cases(self) -> int:
        """Calls that it let in."""
        return self.answers.total() - self.refused

    @property
    def done(self) -> int:
        """Calls that did what they asked for."""
        return sum(count for status, count in self.answers.items() if 200 <= status < 300)


async def schemathesis(
    phase: str,
    address: str,
    token: str,
    *,
    examples: int,
    every: int,
    seed: int,
    folder: Path,
    timeout_s: float,
) -> Outcome:
    """A phase over every operation, or over chains as the document links them, with at most ``examples`` generated for
    each operation, or so many chains, and one in ``every`` of its cases at the bounds."""
    async with httpx.AsyncClient(
        timeout=120, verify=False
    ) as client:  # Schemathesis itself waits for ten seconds
        document = await client.get(f"http://{address}/schema/openapi.json")
    (folder / "openapi.json").write_bytes(document.content)
    (folder / "schemathesis.toml").write_text(CHAINS)
    usual = (
        "--url", f"http://{address}", "--header", f"Authorization: Bearer {token}", "--seed", str(seed),
        "--max-examples", str(examples), "--generation-with-security-parameters", "false",
    )  # fmt: skip
    failed, said, answers = await _run((*usual, *PHASES[phase]), every, folder, timeout_s)
    return Outcome(failed, _count(TESTED, said), _count(FOLLOWED, said), answers, said)


async def _run(
    options: Sequence[str], every: int, folder: Path, timeout_s: float
) -> tuple[bool, str, Counter[int]]:
    """Whether it found something, what it said, and how many calls got which status."""
    report = folder / "calls.har"
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "run", "openapi.json", "--checks", ",".join(CHECKS),
        "--workers", "2", "--generation-database", "none", "--request-timeout", "60", "--suppress-health-check", "all",
        "--no-color", "--warnings", "off", "--no-shrink", "--report", "har", "--report-har-path", report.name, *options,
    ]  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "SCHEMATHESIS_HOOKS": str(HOOKS), "FUZZ_EVERY": str(every)},
    )  # fmt: skip
    try:
        out, _ = await asyncio.wait_for(process.communicate(), timeout_s)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    calls = json.loads(report.read_bytes())["log"]["entries"]
    return process.returncode != 0, out.decode(), Counter(call["response"]["status"] for call in calls)


def _count(pattern: re.Pattern[str], said: str) -> int:
    found = pattern.search(said)
    return int(found[1].replace(",", "")) if found else 0
