"""``/api/v1/alerts``: what was raised, who has seen it, and the rules that raise it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from litestar import delete, get, post, put
from litestar.params import FromPath, QueryParameter

from api.access import caller_of
from api.bodies import PLAIN, Body, given, read_body
from api.failures import Failure
from api.floor import Floor, TheFloor
from api.idempotency import kept
from api.params import one_of, read_choice, read_time
from api.requests import AnyRequest
from api.shapes.base import Shape, shaped
from db.alerting import raised, rules
from db.alerting.rules import StoredRule
from openoutcry.alerts.rule import FIGURES, SEVERITIES, Rule, Severity, read_rule
from openoutcry.canonical import derived_id
from wire.clock import WallClock

DAY = timedelta(days=1)
Time = Annotated[str | None, QueryParameter(description="RFC 3339.", required=False)]


class Alert(Shape, frozen=True, kw_only=True):
    """One alert. ``deliveries`` says what became of each notifier's message; ``source`` is the figure's name."""

    id: str
    title: str
    message: str
    severity: Severity
    source: str
    value: float
    created_at: datetime
    acknowledged: bool
    acknowledged_by: str | None
    acknowledged_at: datetime | None
    tags: list[str]
    deliveries: dict[str, str]


class Acknowledged(Shape, frozen=True, kw_only=True):
    """Seen."""

    success: bool
    alert: Alert


class AlertRule(Shape, frozen=True, kw_only=True):
    """A rule; ``armed`` is false from an alert until the figure has receded. ``id`` and ``rule_id`` are the same."""

    id: UUID
    rule_id: UUID
    name: str
    description: str
    metric_name: str
    condition: str
    severity: Severity
    message_template: str
    channels: list[str]
    cooldown_period: int
    hysteresis: float
    enabled: bool
    armed: bool
    last_triggered_at: datetime | None
    created_at: datetime


class RuleGone(Shape, frozen=True, kw_only=True):
    """Deleted; its alerts stay."""

    success: bool
    rule_id: UUID


class WantedRule(Body, frozen=True, kw_only=True):
    """A new rule."""

    name: str
    metric_name: str
    condition: str
    severity: str | None = None
    description: str | None = None
    message_template: str | None = None
    channels: list[str] | None = None
    cooldown_period: int | None = None
    hysteresis: float | int | None = None
    enabled: bool | None = None


class ChangedRule(Body, frozen=True, kw_only=True):
    """What is to be different; the rest stays."""

    name: str | None = None
    metric_name: str | None = None
    condition: str | None = None
    severity: str | None = None
    description: str | None = None
    message_template: str | None = None
    channels: list[str] | None = None
    cooldown_period: int | None = None
    hysteresis: float | int | None = None
    enabled: bool | None = None


EXAMPLE = {
    "name": "deep drawdown",
    "metric_name": "drawdown",
    "condition": "> 0.15",
    "severity": "critical",
    "message_template": "Portfolio drawdown is {value}",
    "channels": ["web", "log"],
    "cooldown_period": 1800,
    "hysteresis": 0.02,
}


@get("/api/v1/alerts", tags=["alerts"], role="trader", permission="view_alerts")
async def list_alerts(
    request: AnyRequest,
    floor: TheFloor,
    start_time: Time = None,
    end_time: Time = None,
    severity: Annotated[str | None, one_of(SEVERITIES)] = None,
    acknowledged: Annotated[bool | None, QueryParameter(required=False)] = None,
    source: Annotated[str | None, one_of(FIGURES)] = None,
) -> list[Alert]:
    """Alerts, newest first, at most a thousand; those of the last 24 hours when no `start_time` is given."""
    until = read_time(end_time, "end_time")
    since = read_time(start_time, "start_time") or (until or WallClock().now()) - DAY
    rows = await raised.list_alerts(
        floor.pool,
        caller_of(request).org_id,
        since=since,
        until=until,
        severity=read_choice(severity, "severity", SEVERITIES),
        source=read_choice(source, "source", tuple(FIGURES)),
        acknowledged=acknowledged,
    )
    return [_alert(row) for row in rows]


@post(
    "/api/v1/alerts/{id:str}/acknowledge",
    tags=["alerts"],
    idempotent=True,
    role="trader",
    permission="acknowledge_alerts",
    status_code=200,
)
@kept
async def acknowledge(request: AnyRequest, floor: TheFloor, id: FromPath[str]) -> Acknowledged:
    """Say that somebody has seen it; once."""
    caller, alert_id = caller_of(request), _uuid(id)
    row = None
    if alert_id is not None:
        row = await raised.acknowledge(floor.pool, caller.org_id, alert_id, caller.name, WallClock().now())
    if row is None:
        raise Failure(404, "Alert not found or already acknowledged")
    return Acknowledged(success=True, alert=_alert(row))


@get("/api/v1/alerts/rules", tags=["alerts"], role="trader", permission="view_alerts")
async def list_rules(request: AnyRequest, floor: TheFloor) -> list[AlertRule]:
    """Every rule of the org; it starts with AlphaPulse's ten."""
    org_id = await _begun(request, floor)
    return [_rule(stored) for stored in await rules.list_rules(floor.pool, org_id)]


@get("/api/v1/alerts/rules/{id:str}", tags=["alerts"], role="trader", permission="view_alerts")
async def one_rule(request: AnyRequest, floor: TheFloor, id: FromPath[str]) -> AlertRule:
    """One rule."""
    return _rule(await _found(request, floor, id))


@post(
    "/api/v1/alerts/rules",
    tags=["alerts"],
    idempotent=True,
    role="trader",
    permission="acknowledge_alerts",
    body=WantedRule,
    example=EXAMPLE,
)
@kept
async def add_rule(request: AnyRequest, floor: TheFloor) -> AlertRule:
    """A new rule. It is looked at with the others, from the next look on."""
    wanted = read_rule(**given(await read_body(request, WantedRule, PLAIN)))
    org_id = await _begun(request, floor)
    rule_id = derived_id(org_id, "alert_rule", wanted.name, WallClock().now().isoformat())
    return _rule(await rules.add_rule(floor.pool, org_id, rule_id, wanted))


@put(
    "/api/v1/alerts/rules/{id:str}",
    tags=["alerts"],
    idempotent=True,
    role="trader",
    permission="acknowledge_alerts",
    body=ChangedRule,
    example={"condition": "> 0.2", "enabled": True},
)
@kept
async def change_rule(request: AnyRequest, floor: TheFloor, id: FromPath[str]) -> AlertRule:
    """Change what the body names. Another figure or condition arms the rule anew."""
    changes = given(await read_body(request, ChangedRule, PLAIN))
    stored = await _found(request, floor, id)
    wanted = read_rule(**{**_fields(stored.rule), **changes})
    changed = await rules.change_rule(floor.pool, caller_of(request).org_id, stored.id, wanted)
    if changed is None:
        raise _no_rule()
    return _rule(changed)


@delete(
    "/api/v1/alerts/rules/{id:str}",
    tags=["alerts"],
    idempotent=True,
    role="trader",
    permission="acknowledge_alerts",
    status_code=200,
)
@kept
async def drop_rule(request: AnyRequest, floor: TheFloor, id: FromPath[str]) -> RuleGone:
    """Delete a rule; what it raised stays."""
    stored = await _found(request, floor, id)
    if not await rules.drop_rule(floor.pool, caller_of(request).org_id, stored.id):
        raise _no_rule()
    return RuleGone(success=True, rule_id=stored.id)


async def _begun(request: AnyRequest, floor: Floor) -> UUID:
    org_id = caller_of(request).org_id
    await rules.begin(floor.pool, org_id)
    return org_id


async def _found(request: AnyRequest, floor: Floor, text: str) -> StoredRule:
    org_id, rule_id = await _begun(request, floor), _uuid(text)
    stored = None if rule_id is None else await rules.get_rule(floor.pool, org_id, rule_id)
    if stored is None:
        raise _no_rule()
    return stored


def _no_rule() -> Failure:
    return Failure(404, "Alert rule not found")


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _fields(rule: Rule) -> dict[str, Any]:
    return {**{name: getattr(rule, name) for name in Rule.__slots__}, "condition": str(rule.condition)}


def _rule(stored: StoredRule) -> AlertRule:
    fields = {**_fields(stored.rule), "channels": list(stored.rule.channels)}
    return AlertRule(
        id=stored.id,
        rule_id=stored.id,
        armed=stored.standing.armed,
        last_triggered_at=stored.standing.last_triggered_at,
        created_at=stored.created_at,
        **fields,
    )


def _alert(row: Mapping[str, Any]) -> Alert:
    return shaped(row, Alert, id=str(row["id"]), acknowledged=row["acknowledged_at"] is not None)


HANDLERS = [list_alerts, acknowledge, list_rules, one_rule, add_rule, change_rule, drop_rule]
