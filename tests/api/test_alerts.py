"""Alerts through the API: raised by real figures, listed, acknowledged, heard; rules; the machine."""

import asyncio
from datetime import UTC, datetime

import pytest

from api.alerting.delivery import Delivery
from api.alerting.watch import Watch
from api.notifiers.base import Undelivered
from db import keys
from db.alerting.turn import turn
from db.identity import orgs
from db.tenancy import within
from tests.api.shaped_like import differences
from tests.api.test_alphapulse import trading
from tests.api.test_errors import NOBODY, is_error
from tests.factories import ORG

__all__ = ["trading"]
ALERT = {
    "id": "alert-001", "title": "leverage Alert", "message": "text", "severity": "warning", "source": "leverage",
    "created_at": "2025-04-22T10:30:00Z", "acknowledged": False, "acknowledged_by": None, "acknowledged_at": None,
    "tags": ["leverage", "warning"],
}  # fmt: skip
SYSTEM = {
    "cpu": {"usage_percent": 1.0, "cores": 2, "high_duration_seconds": 0.0},
    "memory": {"total_mb": 1.0, "used_mb": 1.0, "percent": 1.0},
    "disk": {"total_gb": 1.0, "used_gb": 1.0, "percent": 1.0},
    "process": {"pid": 1, "memory_mb": 1.0, "threads": 1, "uptime_seconds": 1.0},
    "alerts": [{"id": "", "message": "", "severity": ""}],
}
RULE = {"name": "any memory", "metric_name": "memory_usage_percent", "condition": "> 0", "severity": "critical",
        "message_template": "memory at {value}", "channels": ["web"], "hysteresis": 1}  # fmt: skip


class Spoken:
    """A notifier that fails a number of times."""

    def __init__(self, failures: int = 0) -> None:
        self.failures, self.heard = failures, []

    async def tell(self, alert):
        self.heard.append(alert)
        if len(self.heard) <= self.failures:
            raise Undelivered("HTTP 500")


def watch(world, **notifiers) -> tuple[Watch, Delivery]:
    delivery = Delivery(world.floor.pool, notifiers, pause_s=0.001)
    return Watch(world.floor, delivery, 60.0), delivery


async def raised(world, rule=RULE, **notifiers) -> dict:
    """One alert of a rule of this test's, once."""
    made, delivery = watch(world, **notifiers)
    async with world.client("trader") as client:
        answer = await client.post("/api/v1/alerts/rules", json=rule)
        assert answer.status_code == 201, answer.text
        others = "UPDATE alert_rules SET enabled = false WHERE name <> $1"  # this machine may really be busy
        await world.pool.execute(others, rule["name"])
        await made.look()
        await made.look()
        await delivery.settled()
        found = (
            await client.get(f"/api/v1/alerts?source={rule['metric_name']}&severity={rule['severity']}")
        ).json()
    assert len(found) == 1
    return found[0]


async def test_an_alert_has_the_document_s_shape_and_is_acknowledged_once(newborn):
    alert = await raised(newborn)
    assert differences(ALERT, alert) == []
    assert alert["title"] == "memory_usage_percent Alert" and alert["tags"] == [
        "memory_usage_percent",
        "critical",
    ]
    assert alert["message"] == f"memory at {alert['value']:.6g}"
    async with newborn.client("trader") as client:
        path = f"/api/v1/alerts/{alert['id']}/acknowledge"
        body = (await client.post(path)).json()
        assert (
            body["success"]
            and body["alert"]["acknowledged"]
            and body["alert"]["acknowledged_by"] == "the trader"
        )
        for again in (path, f"/api/v1/alerts/{NOBODY}/acknowledge", "/api/v1/alerts/alert-001/acknowledge"):
            gone = await client.post(again)
            assert (gone.status_code, gone.json()["detail"]) == (
                404,
                "Alert not found or already acknowledged",
            )
        for query, count in (
            ("acknowledged=true", 1), ("acknowledged=false&severity=critical", 0), ("end_time=2020-01-01", 0),
        ):  # fmt: skip
            assert len((await client.get(f"/api/v1/alerts?{query}")).json()) == count, query
        is_error(await client.get("/api/v1/alerts?severity=fatal"), 400, "INVALID_ARGUMENT")


async def test_account_figures_raise_alerts(trading):
    rule = {**RULE, "name": "lever", "metric_name": "leverage", "condition": "> 0.01"}
    async with trading.client("viewer") as client:
        whole = (await client.get("/api/v1/portfolio")).json()
    gross = sum(abs(each["value"]) for each in whole["positions"])
    assert (await raised(trading, rule))["value"] == pytest.approx(gross / whole["total_value"], rel=1e-6)


async def test_figures_of_the_account_are_real(trading):
    from api.alerting.account import account_readings

    with within(ORG):
        found = await account_readings(trading.floor, ORG)
    assert found["max_drawdown"] == 0.0 and found["volatility"] > 0 and "var_95" in found  # it only grows
    assert found["portfolio_value"] == pytest.approx(2 * 10_406, rel=1e-3)


async def test_a_failing_notifier_is_seen_and_delays_nobody(newborn):
    dead, shaky = Spoken(failures=9), Spoken(failures=2)
    alert = await raised(
        newborn, {**RULE, "channels": ["slack", "webhook", "email"]}, slack=dead, webhook=shaky
    )
    assert alert["deliveries"] == {"slack": "failed: HTTP 500", "webhook": "sent", "email": "not configured"}
    assert len(dead.heard) == 3 and len(shaky.heard) == 3


async def test_rules_are_listed_made_changed_and_deleted(newborn):
    async with newborn.client("trader") as client:
        assert len((await client.get("/api/v1/alerts/rules")).json()) == 10
        made = (await client.post("/api/v1/alerts/rules", json=RULE)).json()
        assert made["condition"] == "> 0" and made["cooldown_period"] == 3600 and made["armed"]
        path = f"/api/v1/alerts/rules/{made['id']}"
        assert (await client.get(path)).json() == made
        changed = (await client.put(path, json={"condition": ">= 99.5", "enabled": False})).json()
        assert changed == {**made, "condition": ">= 99.5", "enabled": False}
        is_error(await client.post("/api/v1/alerts/rules", json=RULE), 409, "CONFLICT")
        assert (await client.delete(path)).json() == {"success": True, "rule_id": made["id"]}
        for answer in (await client.get(path), await client.put(path, json={}), await client.delete(path)):
            is_error(answer, 404, "NOT_FOUND")
        first = (await client.get("/api/v1/alerts/rules")).json()[0]
        await client.delete(f"/api/v1/alerts/rules/{first['id']}")
        assert len((await client.get("/api/v1/alerts/rules")).json()) == 9  # it does not come back


BAD = [
    ({**RULE, "condition": "> nan"}, "condition"), ({**RULE, "metric_name": "mood"}, "metric_name"),
    ({**RULE, "channels": ["sms"]}, "channels"), ({**RULE, "x": 1}, "x"), ({**RULE, "cooldown_period": 1.5}, "cooldown_period"),
    ({**RULE, "cooldown_period": 10**9}, "cooldown_period"), ({**RULE, "message_template": "{x}"}, "message_template"),
    ({**RULE, "name": "\u0000"}, "name"), ({"metric_name": "leverage", "condition": "> 1"}, "name"),
]  # fmt: skip


async def test_a_rule_that_makes_no_sense_names_the_field(newborn):
    async with newborn.client("trader") as client:
        for body, field in BAD:
            answer = await client.post("/api/v1/alerts/rules", json=body)
            assert (answer.status_code, answer.json().get("field")) == (400, field), answer.text


async def test_another_org_s_alerts_and_rules_are_nobody_s(newborn):
    alert = await raised(newborn)
    other = await orgs.add(newborn.pool, "other", "basic")
    stranger = (await keys.create(newborn.pool, "stranger", "admin", org_id=other.id)).text
    async with (
        newborn.client("trader") as mine,
        newborn.client(None, Authorization=f"Bearer {stranger}") as theirs,
    ):
        rule = (await mine.get("/api/v1/alerts/rules")).json()[0]["id"]
        assert (await theirs.get("/api/v1/alerts")).json() == []
        is_error(await theirs.post(f"/api/v1/alerts/{alert['id']}/acknowledge"), 404, "NOT_FOUND")
        is_error(await theirs.delete(f"/api/v1/alerts/rules/{rule}"), 404, "NOT_FOUND")
    with within(other.id):
        assert await newborn.floor.pool.fetchval("SELECT count(*) FROM alerts") == 0


async def test_one_process_watches_at_a_time(newborn):
    async with turn(newborn.floor.database_url) as mine:
        assert await mine()
        async with turn(newborn.floor.database_url) as theirs:
            assert not await theirs()
    async with asyncio.timeout(5):
        while True:
            async with turn(newborn.floor.database_url) as theirs:
                if await theirs():
                    break


async def test_the_machine(newborn):
    await raised(newborn)
    async with newborn.client("admin") as client:
        body = (await client.get("/api/v1/system")).json()
    assert differences(SYSTEM, body) == [] and body["alerts"]
    assert 0 < body["memory"]["used_mb"] < body["memory"]["total_mb"] and body["cpu"]["cores"] >= 1


async def test_reloading_is_the_portfolio_s(trading):
    async with trading.client("trader") as client:
        mine = (await client.post("/api/v1/system/exchange/reload")).json()
        theirs = (await client.post("/api/v1/portfolio/reload")).json()
    assert mine.keys() == theirs.keys() and mine["results"].keys() == theirs["results"].keys()
    assert datetime.fromisoformat(mine["timestamp"]).tzinfo == UTC
