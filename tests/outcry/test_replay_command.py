"""``outcry replay`` from outside: its answer is alone on stdout."""

from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner

from outcry.commands.replay import app


def test_what_a_round_logs_while_it_is_recomputed_is_not_in_the_answer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = CliRunner().invoke(app, ["last", "--json", "--home", str(tmp_path)])
    assert told.exit_code != 0  # no floor was ever opened there
    capsys.readouterr()
    structlog.get_logger().info("order_refused", rule="halted")
    assert capsys.readouterr() == ("", "")
