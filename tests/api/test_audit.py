"""The audit trail: everything kept anywhere is in it once, and counts add up to what the tables hold."""

import csv
import io

import pytest

from db.reads.audit import KINDS
from tests.api.shaped_like import differences
from tests.api.test_errors import is_error

EVENT = {
    "timestamp": "2024-01-01T00:00:00Z", "event_type": "order", "category": "trading", "actor": "floor",
    "subject": "BTC/USDT", "severity": "info", "details": {},
}  # fmt: skip
SUMMARY = {
    "total_events": 1,
    "by_type": {},
    "by_category": {},
    "by_severity": {},
    "by_actor": {},
    "by_day": {},
}
REPORT = {
    "report_type": "risk", "total_events": 1, "by_type": {}, "findings": [{"check": "x", "passed": True, "detail": "y"}],
    "passed": True, "warnings": [], "generated_at": "2024-01-01T00:00:00Z",
}  # fmt: skip
ALWAYS = "start_time=2000-01-01&end_time=2100-01-01"


async def counted(world, query: str) -> int:
    return await world.pool.fetchval(query)


async def test_the_trail_holds_what_the_tables_hold(answered, admin):
    order = {"symbol": "BTC/USDT", "side": "BUY", "type": "MARKET", "quantity": 0.1}
    assert (await admin.post("/api/v1/orders", json=order)).status_code == 201
    for kind, query in {
        "record": "SELECT count(*) FROM cycles",
        "order": "SELECT count(*) FROM orders WHERE refusal IS NULL",
        "order_refused": "SELECT count(*) FROM orders WHERE refusal IS NOT NULL",
        "fill": "SELECT count(*) FROM fills",
        "command": "SELECT count(*) FROM commands",
        "api_key_created": "SELECT count(*) FROM api_keys",
    }.items():
        answer = (await admin.get(f"/api/v1/audit/logs?event_type={kind}&{ALWAYS}&limit=1000")).json()
        assert answer["total"] == len(answer["logs"]) == await counted(answered, query), kind
        assert differences([EVENT], answer["logs"]) == [], kind
    (command,) = (await admin.get(f"/api/v1/audit/logs?event_type=command&{ALWAYS}")).json()["logs"]
    assert (command["actor"], command["subject"]) == ("the admin", "place_order")
    assert command["details"]["state"] == "DONE"


async def test_filters_combine_and_pages_do_not_overlap(admin):
    whole = (await admin.get(f"/api/v1/audit/logs?category=trading&{ALWAYS}&limit=1000")).json()["logs"]
    assert {one["category"] for one in whole} == {"trading"}
    paged = []
    for offset in range(0, len(whole), 7):
        url = f"/api/v1/audit/logs?category=trading&{ALWAYS}&limit=7&offset={offset}"
        paged += (await admin.get(url)).json()["logs"]
    assert paged == whole
    times = [one["timestamp"] for one in whole]
    assert times == sorted(times, reverse=True)
    none = (await admin.get(f"/api/v1/audit/logs?category=risk&event_type=fill&{ALWAYS}")).json()
    assert none["total"] == 0
    is_error(await admin.get("/api/v1/audit/logs?event_type=party"), 400, "INVALID_ARGUMENT")
    is_error(
        await admin.get("/api/v1/audit/logs?start_time=2024-02-01&end_time=2024-01-01"),
        400,
        "INVALID_ARGUMENT",
    )


async def test_types_summary_and_reports(world, admin):
    types = (await admin.get("/api/v1/audit/event-types")).json()
    assert {one["event_type"] for one in types["event_types"]} == set(KINDS)
    await world.pool.execute("UPDATE cycles SET committed_at = now() - interval '1 hour'")
    summary = (await admin.get("/api/v1/audit/summary")).json()
    assert differences(SUMMARY, summary) == []
    assert sum(summary["by_type"].values()) == summary["total_events"] == sum(summary["by_day"].values())
    assert summary["by_type"]["record"] == await counted(world, "SELECT count(*) FROM cycles")
    for kind in ("security", "trading", "risk", "compliance"):
        report = (await admin.get(f"/api/v1/audit/reports/{kind}")).json()
        assert differences(REPORT, {**report, "warnings": []}) == []
        assert report["passed"] is True, report["findings"]
        assert report["total_events"] == summary["by_category"].get(kind, 0)
    is_error(await admin.get("/api/v1/audit/reports/gossip"), 400, "INVALID_ARGUMENT")


async def test_an_order_without_an_approval_fails_the_report(world, admin):
    await world.pool.execute("UPDATE cycles SET committed_at = now() - interval '1 hour'")
    await world.pool.execute("DELETE FROM approvals WHERE ctid = (SELECT ctid FROM approvals LIMIT 1)")
    report = (await admin.get("/api/v1/audit/reports/compliance")).json()
    assert report["passed"] is False
    assert [one["passed"] for one in report["findings"]] == [False, True]


async def test_a_burst_is_an_anomaly(world, admin):
    calm = (await admin.get("/api/v1/audit/anomalies")).json()
    assert [one["kind"] for one in calm["anomalies"]] == []
    await world.pool.execute("UPDATE cycles SET committed_at = now() - interval '1 hour'")
    found = (await admin.get("/api/v1/audit/anomalies")).json()
    record = next(one for one in found["anomalies"] if one["kind"] == "record")
    assert record["count"] == await counted(world, "SELECT count(*) FROM cycles")


@pytest.mark.parametrize("kind", ["json", "csv"])
async def test_it_is_exported_whole_and_no_cell_is_a_formula(world, admin, kind):
    await world.pool.execute("UPDATE api_keys SET name = '=cmd()' WHERE name = 'the viewer'")
    answer = await admin.get(f"/api/v1/audit/export?format={kind}&{ALWAYS}")
    total = (await admin.get(f"/api/v1/audit/logs?{ALWAYS}")).json()["total"]
    assert f".{kind}" in answer.headers["content-disposition"]
    if kind == "json":
        assert len(answer.json()) == total
        return
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(rows) == total
    assert "'=cmd()" in {row["subject"] for row in rows}
    assert not [cell for row in rows for cell in row.values() if cell.startswith("=")]


async def test_only_admins_see_it_and_only_of_their_org(world, viewer):
    from db import keys

    is_error(await viewer.get("/api/v1/audit/logs"), 403, "FORBIDDEN")
    other = "00000000-0000-0000-0000-000000000002"
    await world.pool.execute("INSERT INTO orgs (id, name) VALUES ($1, 'other')", other)
    text = (await keys.create(world.pool, "stranger", "admin", org_id=other)).text
    async with world.client(None, Authorization=f"Bearer {text}") as stranger:
        found = (await stranger.get(f"/api/v1/audit/logs?{ALWAYS}")).json()["logs"]
    assert [(one["event_type"], one["subject"]) for one in found] == [("api_key_created", "stranger")]
