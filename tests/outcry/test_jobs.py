"""Jobs from the command line: hand in, wait, look, cancel, fetch; and what is said to what cannot be done."""

import csv
import io
import json
import sys
from pathlib import Path

import pytest

from outcry.__main__ import main
from tests.conftest import _execute, _run
from tests.workers.homes import furnished

BODY = {
    "strategy_config": {"name": "sma_cross"},
    "date_range": {"start": "2024-02-01", "end": "2024-04-30"},
    "exchange": "binance_futures",
    "capital": 5000,
}
JOB = "00000000-0000-0000-0000-000000000009"


@pytest.fixture(scope="module")
def stocked(tmp_path_factory):
    return furnished(tmp_path_factory.mktemp("home"))


@pytest.fixture
def outcry(stocked, fresh_database, capsys, monkeypatch):
    """``outcry("list", …)``: exit code, standard output and error of ``outcry jobs …`` on a home of generated candles."""
    monkeypatch.setenv("OUTCRY_DATABASE_URL", fresh_database)
    monkeypatch.setenv("OUTCRY_HOME", str(stocked))

    def told(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["outcry", "jobs", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return told


SUBMIT = ("submit", "sma_cross", "--from", "2024-02-01", "--to", "2024-04-30", "--set", "window_slow=30")


def test_from_submit_to_report_without_a_worker_running(outcry, tmp_path):
    code, out, err = outcry(
        "submit", "sma_cross", "--from", "2024-02-01", "--to", "2024-04-30", "--set", "is_above_sma.window=20",
        "--set", "cooldown_bars=1", "--fee", "0.0005", "--capital", "20000", "--seed", "3", "--wait", "--json",
    )  # fmt: skip
    done = json.loads(out)
    assert (code, done["status"], "no worker runs here" in err) == (0, "COMPLETED", True)
    request = done["request"]
    assert (request["capital"], request["seed"], request["costs"]["fee_pct"]) == (20_000, 3, 0.0005)
    assert request["strategy"]["entry"][1]["params"]["window"] == 20
    assert request["execution_config"]["cooldown_bars"] == 1
    metrics = done["result"]["metrics"]

    code, out, _ = outcry("trades", "last")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert (code, len(rows)) == (0, metrics["total_trades"])
    assert sum(float(row["profit_loss"]) for row in rows) == pytest.approx(metrics["net_pnl"])
    assert json.loads(outcry("trades", done["job_id"], "--json")[1])["trade_count"] == len(rows)

    report = tmp_path / "report.html"
    assert outcry("report", "last", "--out", str(report))[0] == 0
    assert "SMA cross" in report.read_text()
    code, out, _ = outcry("show", "last")
    assert (code, "pass  data" in out, "sharpe_ratio" in out) == (0, True, True)
    assert outcry("cancel", "last")[0] == 3  # it is over


def test_a_request_as_the_api_takes_it_fails_its_preflight_with_the_way_out(outcry, tmp_path):
    file = tmp_path / "request.json"
    file.write_text(json.dumps({**BODY, "symbols": ["SOL/USDT:USDT"]}))
    code, out, _ = outcry("submit", "--request", str(file), "--wait")
    assert code == 1
    assert "FAILED" in out
    assert "get them with `outcry data sync --exchange binance --symbols SOL/USDT:USDT" in out
    assert outcry("report", "last", "--out", str(tmp_path / "none.html"))[0] == 3
    assert outcry("trades", "last")[0] == 3
    assert not (tmp_path / "none.html").exists()


def test_jobs_wait_are_listed_by_pages_and_cancelled(outcry):
    made = [outcry(*SUBMIT[:-2])[1].strip() for _ in range(3)]
    code, out, _ = outcry("list", "--limit", "2", "--json")
    page = json.loads(out)
    assert (code, page["total"], [job["job_id"] for job in page["jobs"]]) == (0, 3, made[:0:-1])
    rest = json.loads(outcry("list", "--cursor", page["cursor"], "--json")[1])
    assert ([job["job_id"] for job in rest["jobs"]], rest["cursor"]) == (made[:1], None)
    assert outcry("cancel", made[1])[0] == 0
    assert json.loads(outcry("cancel", made[1], "--json")[1]) == {
        "updated": True, "status": "CANCELLED", "reason": None,
    }  # fmt: skip
    assert made[1] in outcry("list", "--status", "CANCELLED")[1]
    assert made[1] not in outcry("list", "--status", "QUEUED")[1]


def test_what_ended_long_ago_is_pruned(outcry, fresh_database):
    job, other = (outcry(*SUBMIT[:-2])[1].strip() for _ in range(2))
    assert outcry("cancel", job)[0] == 0
    assert outcry("prune", "--older-than", "1d")[:2] == (0, "0 jobs deleted\n")
    old = "UPDATE jobs SET finished_at = finished_at - interval '15 days' WHERE finished_at IS NOT NULL"
    _run(lambda: _execute(fresh_database, old))
    assert outcry("prune", "--older-than", "3w")[1] == "0 jobs deleted\n"
    assert outcry("prune", "--older-than", "14d", "--dry-run")[1] == "1 job would be deleted\n"
    assert outcry("prune", "--older-than", "2w", "--kind", "data_sync")[1] == "0 jobs deleted\n"
    told = json.loads(outcry("prune", "--older-than", "2w", "--json")[1])
    assert (told["deleted"], told["matching"]) == (1, 1)
    assert [one["job_id"] for one in json.loads(outcry("list", "--json")[1])["jobs"]] == [other]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("submit",), "STRATEGY: is missing"),
        (("submit", "sma_cros"), "did you mean 'sma_cross'"),
        (("submit", "no/such.yaml"), "no/such.yaml: there is no such file"),
        (("submit", "sma_cross"), "--from: is missing"),
        (
            ("submit", "sma_cross", "--from", "2024-06-01", "--to", "2024-01-01"),
            "--to: 2024-01-02 00:00 is not after",
        ),
        (("submit", "sma_cross", "--from", "2099-01-01"), "--from: 2099-01-01 00:00 lies in the future"),
        (("submit", "sma_cross", "--from", "yesterday"), "--from: 'yesterday' is not an ISO 8601 time"),
        (("submit", "sma_cross", "--from", "2024-01-01", "--months", "3"), "--months: stands with"),
        (("submit", "sma_cross", "--months", "0"), "--months: must be from 1 to 240"),
        (
            ("submit", "sma_cross", "--months", "3", "--symbol", "nonsense!"),
            "--symbol: cannot read 'NONSENSE!'",
        ),
        (
            ("submit", "sma_cross", "--months", "3", "--timeframe", "7h"),
            "--timeframe: unknown timeframe '7h'",
        ),
        (("submit", "sma_cross", "--months", "3", "--leverage", "3"), "--leverage: BTC/USDT is spot"),
        (("submit", "sma_cross", "--months", "3", "--fee", "2"), "--fee: must be less than or equal to 0.5"),
        (("submit", "sma_cross", "--months", "3", "--capital", "-1"), "--capital: must be greater than 0"),
        (("submit", "sma_cross", "--months", "3", "--timeout", "0"), "--timeout: must be from 1 to"),
        (("submit", "sma_cross", "--months", "3", "--set", "window"), "--set: 'window' is not NAME=VALUE"),
        (
            ("submit", "sma_cross", "--months", "3", "--set", "windo=3"),
            "--set windo: the strategy has no such",
        ),
        (("submit", "sma_cross", "--months", "3", "--set", "window_fast=x"), "entry[0].params.window_fast"),
        (("submit", "sma_cross@9.9.9", "--months", "3"), "there is no strategy 'sma_cross'"),
        (("submit", "x", "--request", "none.json"), "--request: says everything"),
        (("submit", "--request", "none.json"), "none.json: there is no such file"),
        (("show", "7"), "ID: '7' is not a job's id"),
        (("show", JOB), f"ID: there is no job {JOB}"),
        (("cancel", JOB), f"ID: there is no job {JOB}"),
        (("trades", "last"), "ID: there is no job yet"),
        (("prune", "--older-than", "0d"), "--older-than: '0d' is not a number of days or weeks"),
        (("prune", "--older-than", "soon"), "--older-than: 'soon' is not a number of days or weeks"),
        (("list", "--cursor", "x"), "cursor: not one that a page of jobs gave"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_queued(outcry, words, said):
    code, _, err = outcry(*words)
    assert code in (1, 2)
    assert said in err
    assert err.count("\n") == 1
    assert json.loads(outcry("list", "--json")[1])["total"] == 0


def test_a_report_cannot_be_written_where_there_is_no_folder(outcry):
    assert outcry("submit", "sma_cross", "--from", "2024-02-01", "--to", "2024-03-01", "--wait")[0] == 0
    code, _, err = outcry("report", "last", "--out", str(Path("/nowhere/at/all.html")))
    assert (code, "--out: there is no folder /nowhere/at" in err) == (2, True)
