"""A cassette's file: whole lines, no secrets, a bound; and a process that cannot leave its machine."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from openoutcry.errors import BadInput, ReplayDiverged
from wire.cassette import VERSION, Recorder, Reel

OFFLINE = """
import socket
from wire.offline import stay_offline
stay_offline()
for where in (("192.0.2.1", 443), ("2001:db8::1", 443), ("example.com", 80)):
    try:
        socket.create_connection(where, timeout=2)
    except Exception as error:
        print(type(error).__name__)
listener = socket.create_server(("127.0.0.1", 0))
socket.create_connection(listener.getsockname(), timeout=5).close()
print("loopback")
"""


def written(path: Path) -> Recorder:
    recorder = Recorder(path, "up")
    recorder.write("header", version=VERSION)
    recorder.write(
        "call", name="market.get_price", asked={"symbol": "BTC/USDT", "mac": "s"}, result={"price": "1"}
    )
    return recorder


def test_an_answer_is_given_once_and_a_miss_names_the_field(tmp_path: Path) -> None:
    path = tmp_path / "run"
    written(path).write("end", closed=True, heads={})
    assert '"mac"' not in path.read_text()
    reel = Reel.load(path)
    with pytest.raises(
        ReplayDiverged, match=r"up: market\.get_price: symbol: recorded 'BTC/USDT', now 'ETH/USDT'"
    ):
        reel.play("call", "up", "market.get_price", {"symbol": "ETH/USDT"})
    assert reel.play("call", "up", "market.get_price", {"symbol": "BTC/USDT"})["result"] == {"price": "1"}
    with pytest.raises(ReplayDiverged, match="the recording holds no such call"):
        reel.play("call", "up", "market.get_price", {"symbol": "BTC/USDT"})


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "header"),
        ("{}\n", ":1: not a line"),
        ('{"kind":"header","version":99}\n', "version"),
        ('{"kind":"header","version":1}\n', "no end"),
        ('{"kind":"header","version":1}\n{"kind":"ca', ":2: not a line"),
        ('{"kind":"header","version":1}\n{"kind":"call"}\n{"kind":"end"}\n', "lacks"),
    ],
)
def test_what_is_no_whole_cassette_is_refused(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "run"
    path.write_text(text)
    with pytest.raises(BadInput, match=why):
        Reel.load(path)


def test_a_recording_is_bounded_and_then_has_no_end(tmp_path: Path) -> None:
    path = tmp_path / "run"
    recorder = Recorder(path, "up", limit=300)
    recorder.write("header", version=VERSION)
    for _ in range(50):
        recorder.write("clock", what="tick", at="2024-01-01T00:00:00+00:00")
    recorder.write("end", closed=True, heads={})
    assert path.stat().st_size <= 300
    assert all(json.loads(line) for line in path.read_text().splitlines())
    with pytest.raises(BadInput, match="no end"):
        Reel.load(path)


def test_a_replay_cannot_leave_the_machine() -> None:
    done = subprocess.run(
        [sys.executable, "-c", OFFLINE], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.split() == ["NotAuthorised"] * 3 + ["loopback"]
