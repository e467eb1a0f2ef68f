"""What every server and agent offers, word for word. A change shows as a diff to be reviewed.

``make golden`` (or GOLDEN=rewrite in the environment) writes the files anew.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.contract.offered import SURFACES

FOLDER = Path(__file__).parent / "golden"
AGENTS = [name for name in SURFACES if name.startswith("agent-")]
FILES = {name: "agent" if name in AGENTS else name for name in SURFACES}


def surface_of(name: str) -> dict[str, Any]:
    """What is compared. All agents offer the same but for who they are."""
    found = dict(SURFACES[name])
    if name in AGENTS:
        assert found.pop("instructions")
    return found


@pytest.mark.parametrize("name", FILES)
def test_the_surface_is_the_golden_one(name: str) -> None:
    path = FOLDER / f"{FILES[name]}.json"
    text = json.dumps(surface_of(name), indent=2, ensure_ascii=False) + "\n"
    if os.environ.get("GOLDEN") == "rewrite":
        path.write_text(text)
    assert path.exists(), f"{path.name} is missing: `make golden` writes it"
    assert text == path.read_text(), f"{name} changed: see the diff of `make golden`"


def test_no_golden_file_is_left_of_a_server_that_is_gone() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == set(FILES.values())
