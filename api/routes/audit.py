"""``/api/v1/audit``: who did what when, read from the ledger, the commands, the logins and the registries. For admins."""

import csv
import io
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated, Any, get_args

from litestar import get
from litestar.params import PathParameter, QueryParameter

from api.access import caller_of
from api.encoding import Answer, encode
from api.floor import Floor, TheFloor
from api.paging import Walk
from api.params import Anchor, Offset, one_of, read_choice, read_time
from api.requests import AnyRequest
from api.shapes.base import Shape
from db.pool import Row
from db.reads import audit as reads
from openoutcry.bursts import bursts
from openoutcry.errors import BadInput
from wire.clock import WallClock

FORMATS = ("json", "csv")

CATEGORIES: tuple[reads.Category, ...] = get_args(reads.Category)
MOST_EXPORTED = 10_000
EventType = Annotated[
    str | None, QueryParameter(description="As /audit/event-types names it.", required=False)
]
Category = Annotated[str | None, one_of(CATEGORIES)]
Actor = Annotated[str | None, QueryParameter(description="Who did it.", required=False, max_length=200)]
Time = Annotated[str | None, QueryParameter(description="RFC 3339.", required=False)]
Days = Annotated[int, QueryParameter(ge=1, le=365, description="Wall time to look back.", required=False)]
Limit = Annotated[int, QueryParameter(ge=1, le=1000, description="How many at most.", required=False)]


class AuditEvent(Shape, frozen=True, kw_only=True):
    """One event. ``subject`` is what it was done to; ``details`` differ by type."""

    timestamp: datetime
    event_type: str
    category: str
    actor: str
    subject: str
    severity: str
    details: dict[str, Any]


class Trail(Shape, frozen=True, kw_only=True):
    """Newest first; ``total`` counts all that fit the filters."""

    logs: list[AuditEvent]
    total: int
    limit: int
    offset: int
    start_time: datetime
    end_time: datetime


class EventKind(Shape, frozen=True, kw_only=True):
    """A type of event."""

    event_type: str
    category: str
    description: str


class EventTypes(Shape, frozen=True, kw_only=True):
    """Every type."""

    event_types: list[EventKind]
    categories: list[str]
    count: int


class AuditSummary(Shape, frozen=True, kw_only=True):
    """Counts over a stretch of wall time."""

    total_events: int
    by_type: dict[str, int]
    by_category: dict[str, int]
    by_severity: dict[str, int]
    by_actor: dict[str, int]
    by_day: dict[str, int]
    start_time: datetime
    end_time: datetime


class Finding(Shape, frozen=True, kw_only=True):
    """One thing that was checked."""

    check: str
    passed: bool
    detail: str


class Report(Shape, frozen=True, kw_only=True):
    """One category: what happened, what was checked, and the newest warnings."""

    report_type: str
    total_events: int
    by_type: dict[str, int]
    by_actor: dict[str, int]
    findings: list[Finding]
    passed: bool
    warnings: list[AuditEvent]
    start_time: datetime
    end_time: datetime
    generated_at: datetime


class Anomaly(Shape, frozen=True, kw_only=True):
    """An hour in which far more happened than usual: ``score`` in robust deviations from the median hour."""

    kind: str
    hour: datetime
    count: int
    usual: float
    score: float


class Anomalies(Shape, frozen=True, kw_only=True):
    """The strongest first."""

    anomalies: list[Anomaly]
    count: int
    hours: int
    start_time: datetime
    end_time: datetime


@get("/api/v1/audit/logs", tags=["audit"], role="admin", permission="view_audit_logs")
async def logs(
    request: AnyRequest,
    floor: TheFloor,
    event_type: EventType = None,
    category: Category = None,
    actor: Actor = None,
    start_time: Time = None,
    end_time: Time = None,
    limit: Limit = 100,
    offset: Offset = 0,
    anchor: Anchor = None,
) -> Trail:
    """The trail, by wall time; a week unless told."""
    walk = await Walk.of(request, floor, offset, anchor)
    since, until = _span(start_time, end_time, walk.at)
    kinds, org_id = _kinds(event_type, category), caller_of(request).org_id
    rows = await reads.logs(floor.pool, org_id, since, until, kinds, actor, limit, offset, walk.snapshot)
    walk.left(rows, limit, until)
    seen = rows[0]["seen"] if rows and walk.sight is None else walk.snapshot
    total = await reads.count(floor.pool, org_id, since, until, kinds, actor, seen)
    return Trail(
        logs=_events(rows), total=total, limit=limit, offset=offset, start_time=since, end_time=until
    )


@get("/api/v1/audit/event-types", tags=["audit"], role="admin", permission="view_audit_logs")
async def event_types() -> EventTypes:
    """Every type of event there is."""
    found = [
        EventKind(event_type=name, category=category, description=text)
        for name, (category, text) in reads.KINDS.items()
    ]
    return EventTypes(event_types=found, categories=list(CATEGORIES), count=len(found))


@get("/api/v1/audit/summary", tags=["audit"], role="admin", permission="view_audit_logs")
async def summary(request: AnyRequest, floor: TheFloor, days: Days = 7) -> AuditSummary:
    """How much of what happened."""
    since, until = _back(days)
    rows = await reads.by_hour(floor.pool, caller_of(request).org_id, since, until)
    return AuditSummary(
        total_events=sum(row["events"] for row in rows),
        by_type=_counted((row["event_type"], row["events"]) for row in rows),
        by_category=_counted((reads.KINDS[row["event_type"]][0], row["events"]) for row in rows),
        by_severity=_counted((row["severity"], row["events"]) for row in rows),
        by_actor=_counted((row["actor"], row["events"]) for row in rows),
        by_day=_counted((f"{row['hour']:%Y-%m-%d}", row["events"]) for row in rows),
        start_time=since,
        end_time=until,
    )


@get("/api/v1/audit/reports/{report_type:str}", tags=["audit"], role="admin", permission="view_audit_logs")
async def report(
    request: AnyRequest,
    floor: TheFloor,
    report_type: Annotated[str, PathParameter(description=", ".join(CATEGORIES))],
    days: Days = 30,
) -> Report:
    """One category over some days, with what must hold of it."""
    wanted = read_choice(report_type, "report_type", CATEGORIES) or CATEGORIES[0]
    since, until = _back(days)
    org_id, kinds = caller_of(request).org_id, _kinds(None, wanted)
    rows = await reads.by_hour(floor.pool, org_id, since, until, kinds)
    newest = await reads.logs(floor.pool, org_id, since, until, kinds, None, 1000)
    by_type = _counted((row["event_type"], row["events"]) for row in rows)
    found = await _findings(wanted, request, floor, since, until, by_type)
    return Report(
        report_type=wanted,
        total_events=sum(by_type.values()),
        by_type=by_type,
        by_actor=_counted((row["actor"], row["events"]) for row in rows),
        findings=found,
        passed=all(one.passed for one in found),
        warnings=[one for one in _events(newest) if one.severity != "info"][:50],
        start_time=since,
        end_time=until,
        generated_at=until,
    )


@get("/api/v1/audit/anomalies", tags=["audit"], role="admin", permission="view_audit_logs")
async def anomalies(request: AnyRequest, floor: TheFloor, days: Days = 7) -> Anomalies:
    """Hours in which far more of something happened than in the median hour."""
    since, until = _back(days)
    counts: dict[str, Counter[datetime]] = {}
    for row in await reads.by_hour(floor.pool, caller_of(request).org_id, since, until):
        counts.setdefault(row["event_type"], Counter())[row["hour"]] += row["events"]
    found = [Anomaly(**asdict(one)) for one in bursts(counts, days * 24)][:500]
    return Anomalies(anomalies=found, count=len(found), hours=days * 24, start_time=since, end_time=until)


@get("/api/v1/audit/export", tags=["audit"], role="admin", permission="view_audit_logs", haste="search",
     answers={200: list[AuditEvent]}, also=("text/csv",))  # fmt: skip
async def export(
    request: AnyRequest,
    floor: TheFloor,
    format: Annotated[str, one_of(FORMATS)] = "json",
    event_type: EventType = None,
    category: Category = None,
    start_time: Time = None,
    end_time: Time = None,
) -> Answer[Any]:
    """The newest ten thousand events of the filters as a file."""
    wanted = read_choice(format, "format", FORMATS)
    since, until = _span(start_time, end_time)
    kinds = _kinds(event_type, category)
    rows = await reads.logs(floor.pool, caller_of(request).org_id, since, until, kinds, None, MOST_EXPORTED)
    events, name = _events(rows), f"audit-{until:%Y%m%dT%H%M%SZ}.{wanted}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    if wanted == "csv":
        return Answer(_csv(events).encode(), media_type="text/csv", headers=headers)
    return Answer(encode(events), media_type="application/json", headers=headers)


async def _findings(
    wanted: str, request: AnyRequest, floor: Floor, since: datetime, until: datetime, by_type: dict[str, int]
) -> list[Finding]:
    org_id = caller_of(request).org_id
    if wanted == "security":
        ended = await reads.reused(floor.pool, org_id, since, until)
        detail = f"{len(ended)} logins with used tokens were ended: logged out, or a token came a second time"
        return [Finding(check="no login was ended after its token was used", passed=not ended, detail=detail)]
    sums = await reads.checks(floor.pool, org_id, since, until)
    approved = Finding(
        check="every order that was sent had an approval of the risk gate",
        passed=sums["unapproved"] == 0,
        detail=f"{sums['sent']} orders were sent, {sums['unapproved']} without one",
    )
    if wanted == "trading":
        return [approved]
    if wanted == "risk":
        refused = by_type.get("order_refused", 0)
        detail = f"{refused} orders were refused, {by_type.get('alert', 0)} alerts raised"
        return [approved, Finding(check="the risk gate's refusals are kept", passed=True, detail=detail)]
    missing = sums["decisions"] - sums["explained"]
    explained = Finding(
        check="every decision has its reasons and its votes",
        passed=missing == 0,
        detail=f"{sums['decisions']} decisions, {missing} without; the chain itself: GET /api/v1/ledger/verify",
    )
    return [approved, explained]


def _events(rows: Iterable[Row]) -> list[AuditEvent]:
    return [
        AuditEvent(
            timestamp=row["at"],
            event_type=row["event_type"],
            category=reads.KINDS[row["event_type"]][0],
            actor=row["actor"],
            subject=row["subject"],
            severity=row["severity"],
            details=row["details"],
        )
        for row in rows
    ]


def _csv(events: Iterable[AuditEvent]) -> str:
    """A spreadsheet must not take text from outside for a formula: such cells get an apostrophe."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(AuditEvent.__struct_fields__)
    for one in events:
        cells = [
            one.timestamp.isoformat(), one.event_type, one.category, one.actor, one.subject, one.severity,
            encode(one.details).decode(),
        ]  # fmt: skip
        writer.writerow(
            [f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell for cell in cells]
        )
    return text.getvalue()


def _counted(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for name, number in pairs:
        counts[name] += number
    return dict(counts.most_common(200))


def _kinds(event_type: str | None, category: str | None) -> list[str] | None:
    kind = read_choice(event_type, "event_type", tuple(reads.KINDS))
    group = read_choice(category, "category", CATEGORIES)
    if kind is None and group is None:
        return None
    return [name for name, (of, _) in reads.KINDS.items() if kind in (None, name) and group in (None, of)]


def _span(start: str | None, end: str | None, at: datetime | None = None) -> tuple[datetime, datetime]:
    until = read_time(end, "end_time") or at or WallClock().now()
    since = read_time(start, "start_time")
    if since is None:
        since = until - timedelta(days=7)
    if since > until:
        raise BadInput("start_time: is after end_time", field="start_time")
    return since, until


def _back(days: int) -> tuple[datetime, datetime]:
    until = WallClock().now()
    return until - timedelta(days=days), until


HANDLERS = [logs, event_types, summary, report, anomalies, export]
