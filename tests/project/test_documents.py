"""Every path and every make target that the documents name exists."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
QUOTED = re.compile(r"`([^`\n]+)`")
LINKED = re.compile(r"\]\(([^)#\s]+)\)")
FOLDERS = "agents api benchmarks config db deploy docs mcp_servers openoutcry orchestrator outcry tests web wire workers"
TOP = rf"(?:{'|'.join(FOLDERS.split())}|\.ci)"
PATH = re.compile(rf"{TOP}/[\w./-]*|(?:Makefile|Dockerfile|LICENSE|[\w-]+\.(?:md|toml|lock|yml))")
NOT_FILES = ("agents/roster/whale_watch.py", "openoutcry/round", "openoutcry/scope")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_paths_exist(document: Path) -> None:
    text = document.read_text()
    quoted = [word for word in QUOTED.findall(text) if PATH.fullmatch(word) and word not in NOT_FILES]
    linked = [target for target in LINKED.findall(text) if "://" not in target]
    missing = [word for word in quoted if not (ROOT / word).exists() and not (ROOT / f"{word}.py").exists()]
    missing += [target for target in linked if not (document.parent / target).exists()]
    assert missing == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_make_targets_exist(document: Path) -> None:
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:^|`|\$ )make (?:-C \S+ )?([a-z][a-z-]*)", document.read_text(), re.MULTILINE))
    assert named <= targets


def test_make_help_lists_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text()
    shown = subprocess.run(["make", "-s", "-C", str(ROOT)], capture_output=True, text=True, check=True).stdout
    targets = re.findall(r"^([\w-]+):", makefile, re.MULTILINE)
    assert targets
    assert [target for target in targets if f"make {target} " not in shown] == []
