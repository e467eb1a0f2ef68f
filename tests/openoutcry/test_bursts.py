"""Hours that stand out, and those that do not."""

from datetime import UTC, datetime, timedelta

from openoutcry.bursts import bursts

AT = datetime(2024, 1, 1, tzinfo=UTC)


def test_a_burst_stands_out_and_a_busy_floor_does_not():
    steady = {AT + timedelta(hours=n): 60 + n % 3 for n in range(48)}
    found = bursts({"record": steady, "login": {AT: 40}}, 48)
    assert [(one.kind, one.count, one.usual) for one in found] == [("login", 40, 0)]
    spiky = bursts({"record": {**steady, AT: 400}}, 48)
    assert [(one.hour, one.count) for one in spiky] == [(AT, 400)]


def test_few_are_no_burst_however_quiet_it_was():
    assert bursts({"login": {AT: 4}}, 1000) == []
    assert bursts({}, 24) == []
