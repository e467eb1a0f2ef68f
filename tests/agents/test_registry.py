"""Discovery: every file is an agent, and what is not is named."""

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from agents.entry import main
from agents.registry import discover
from openoutcry.errors import StartupRefused
from openoutcry.settings import AgentSettings, Settings
from openoutcry.voting.seats import Seat

GOOD = """
from agents.declare import agent

@agent("{name}", voice="{voice}", tools=(), description="Test.")
async def think(snapshot, tools, model):
    raise NotImplementedError
"""
Drop = Callable[..., ModuleType]


@pytest.fixture
def drop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Drop]:
    """Writes files into a fresh roster package and imports it."""
    monkeypatch.syspath_prepend(tmp_path)
    name = f"roster_{tmp_path.name.replace('-', '_')}"

    def write(**files: str) -> ModuleType:
        folder = tmp_path / name
        folder.mkdir()
        (folder / "__init__.py").write_text("")
        for file, content in files.items():
            (folder / f"{file}.py").write_text(content)
        return importlib.import_module(name)

    yield write
    for loaded in [module for module in sys.modules if module.partition(".")[0] == name]:
        del sys.modules[loaded]


def test_the_roster_has_its_four_seats() -> None:
    weights = {"trend": AgentSettings(weight=1.2)}
    assert discover().seats(Settings(agents=weights)) == (
        Seat(agent="hedging", voice="hedging"),
        Seat(agent="risk", voice="risk"),
        Seat(agent="technical"),
        Seat(agent="trend", weight=1.2),
    )


def test_a_dropped_file_is_found_and_seated(drop: Drop) -> None:
    roster = discover(drop(whale=GOOD.format(name="whale", voice="analysis")))
    assert list(roster.agents) == ["whale"]
    assert roster.seats(Settings()) == (Seat(agent="whale", weight=1.0),)
    assert roster.seats(Settings(agents={"whale": AgentSettings(weight=0.5)})) == (
        Seat(agent="whale", weight=0.5),
    )


def test_a_disabled_agent_has_no_seat() -> None:
    off = Settings(agents={"trend": AgentSettings(), "hedging": AgentSettings(enabled=False)})
    assert [seat.agent for seat in discover().seats(off)] == ["risk", "technical", "trend"]


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("import no_such_module", "odd: cannot be imported: ModuleNotFoundError"),
        ("def broken(:", "odd: cannot be imported: SyntaxError"),
        ("raise SystemError('no')", "odd: cannot be imported: SystemError: no"),
        ("x = 1", "odd: declares no agent"),
        (
            GOOD.format(name="Bad Name", voice="analysis"),
            "odd: cannot be imported: StartupRefused: agent 'Bad Name'",
        ),
        (
            GOOD.format(name="good", voice="analysis"),
            r"odd: an agent named 'good' is already declared in .*\.fine",
        ),
    ],
)
def test_a_broken_file_is_refused_by_name_and_leaves_its_neighbours_alone(
    drop: Drop, content: str, named: str
) -> None:
    roster = discover(drop(fine=GOOD.format(name="good", voice="risk"), odd=content))
    assert len(roster.broken) == 1
    with pytest.raises(StartupRefused, match=named):
        roster.seats(Settings())
    assert roster.named("good").voice == "risk"


def test_an_unknown_agent_is_refused_with_those_there_are() -> None:
    with pytest.raises(
        StartupRefused,
        match=r"no agent is named 'whale'; there are hedging, mean_reversion, .*, skeptic, technical, trend",
    ):
        discover().named("whale")
    with pytest.raises(StartupRefused, match=r"agents\.whale: is configured, but no file"):
        discover().seats(Settings(agents={"whale": AgentSettings()}))


def test_an_imported_agent_is_not_declared_twice(drop: Drop) -> None:
    neighbour = "from agents.roster.trend import trend\n" + GOOD.format(name="other", voice="analysis")
    assert list(discover(drop(other=neighbour)).agents) == ["other"]


@pytest.mark.parametrize(
    ("value", "found", "broken"),
    [
        ("whale:think", ["whale"], []),
        ("whale:agent", [], ["entry point whale:agent: is a function, not an agent"]),
        ("absent:agent", [], ["entry point absent:agent: cannot be loaded: ModuleNotFoundError"]),
    ],
)
def test_other_distributions_add_agents_by_entry_point(
    drop: Drop, tmp_path: Path, value: str, found: list[str], broken: list[str]
) -> None:
    empty = drop()
    (tmp_path / "whale.py").write_text(GOOD.format(name="whale", voice="analysis"))
    info = tmp_path / "whale-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: whale\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[openoutcry.agents]\nwhale = {value}\n")
    importlib.invalidate_caches()
    roster = discover(empty)
    sys.modules.pop("whale", None)
    assert list(roster.agents) == found
    assert [message.startswith(start) for message, start in zip(roster.broken, broken, strict=True)] == [
        True
    ] * len(broken)


def test_the_command_lists_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"]) == 0
    printed = capsys.readouterr().out
    assert all(name in printed for name in ("technical", "trend", "risk", "hedging"))
