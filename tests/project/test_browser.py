"""Whose system gets a browser for the tests, and who is told that there is none."""

from collections.abc import Callable

import pytest

from deploy import browser


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """What is run on a machine without a browser that is as told."""

    def make(*, ci: bool, root: bool, fails: bool = False) -> list[str]:
        ran: list[str] = []

        def run(command: tuple[str, ...], **_: object) -> None:
            ran.append(" ".join(command[:2]))
            if fails:
                raise OSError("no network")

        monkeypatch.setattr(browser, "chromium", lambda: None)
        monkeypatch.setattr("os.geteuid", lambda: 0 if root else 1000)
        monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
        monkeypatch.setattr("subprocess.run", run)
        monkeypatch.setenv("CI", "true") if ci else monkeypatch.delenv("CI", raising=False)
        browser.main()
        return ran

    return make


@pytest.mark.parametrize(("ci", "root"), [(False, True), (True, False), (False, False)])
def test_nobodys_system_is_touched_unasked(
    asked: Callable[..., list[str]], capsys: pytest.CaptureFixture[str], ci: bool, root: bool
) -> None:
    assert asked(ci=ci, root=root) == []
    assert "no chromium" in capsys.readouterr().out


def test_ci_as_root_installs_one_and_goes_on_where_it_cannot(
    asked: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert asked(ci=True, root=True) == ["apt-get update", "apt-get install"]
    assert asked(ci=True, root=True, fails=True) == ["apt-get update"]
    assert "cannot be installed" in capsys.readouterr().out
