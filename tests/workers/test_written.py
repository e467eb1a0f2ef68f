"""What is written about jobs is what the code says."""

from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from db.jobs.states import PRIOR
from db.migrate import FOLDER
from openoutcry.backtest import sanity

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "jobs.md").read_text()


def test_the_page_has_the_state_machine_and_every_doubt():
    for to, prior in PRIOR.items():
        assert f"| {to} | {', '.join(prior)} |" in PAGE
    rows = [line for line in (sanity.__doc__ or "").splitlines() if line.startswith("| ")]
    assert len(rows) == 13
    assert all(row in PAGE for row in rows)


def test_the_queues_schema_is_the_installed_packages_own():
    ours = (FOLDER / "versions" / "0003_queue.sql").read_text()
    theirs = (files("procrastinate.sql") / "schema.sql").read_text(encoding="utf-8")
    assert ours == theirs, (
        f"procrastinate {version('procrastinate')} has another schema: write a revision with its migrations"
    )
