"""A practice model server as a process of its own."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from tests.e2e.floor import ROOT, free_port


@contextmanager
def models_at(folder: Path, turns: Sequence[dict[str, Any]]) -> Iterator[str]:
    """The address of ``outcry fake-llm`` giving these turns."""
    script = folder / "turns.yaml"
    script.write_text(yaml.safe_dump(list(turns)))
    words = [sys.executable, "-m", "outcry", "fake-llm", "--port", str(free_port()), "--script", str(script)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())["url"]
        finally:
            process.terminate()
            process.wait(20)
