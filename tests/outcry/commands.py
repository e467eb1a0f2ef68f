"""Commands of ``outcry`` in the test's own process."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from outcry.__main__ import main


class Commands:
    """Commands on a home. ``env`` is set before each: a command takes keys out of the environment."""

    def __init__(self, home: Path, capsys: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch) -> None:
        self.home, self._capsys, self._patch = home, capsys, patch
        self.env: dict[str, str] = {}

    def run(self, *words: str, code: int = 0) -> str:
        """What it printed; of one that is to fail, what it said of that. No value of ``env`` is in either."""
        self._patch.setattr(sys, "argv", ["outcry", *words, "--home", str(self.home)])
        for name, value in self.env.items():
            self._patch.setenv(name, value)
        with pytest.raises(SystemExit) as ended:
            main()
        said = self._capsys.readouterr()
        assert int(ended.value.code or 0) == code, said
        assert not any(value in said.out + said.err for value in self.env.values())
        return said.err if code else said.out

    def json(self, *words: str) -> Any:
        """What it printed for programs."""
        return json.loads(self.run(*words, "--json"))
