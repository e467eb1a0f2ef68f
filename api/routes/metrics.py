"""``/metrics``: what this process and the floor measure, in Prometheus' text form."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import psutil
from litestar import get

from api.access import caller_of
from api.encoding import Answer
from api.floor import Floor, TheFloor
from api.ping import ping
from api.requests import AnyRequest
from api.routes.sessions import session_of
from api.shapes.sessions import Session
from api.traffic import BOUNDS_S
from db.minds import budgets
from db.reads import sessions as session_reads
from openoutcry.minds.budget import LEVELS, Level
from openoutcry.version import VERSION

TEXT = "text/plain; version=0.0.4"
"""The charset is added where it is sent."""
Labels = Mapping[str, str]
SESSION_FIGURES: tuple[tuple[str, str, str, Callable[[Session], float]], ...] = (
    ("equity", "gauge", "Equity in the quote asset", lambda s: float(s.final_capital)),
    ("pnl", "gauge", "Profit and loss since the start", lambda s: float(s.total_pnl)),
    ("max_drawdown", "gauge", "Largest fall from a peak, as a fraction", lambda s: s.max_drawdown),
    ("records_total", "counter", "Records in its ledger", lambda s: s.head_seq + 1),
    ("trades_total", "counter", "Closed positions", lambda s: s.total_trades),
)

MODEL_FIGURES: tuple[tuple[str, str, Callable[[Mapping[str, Any]], float]], ...] = (
    ("calls_total", "Calls of models; cache: answered by the floor's own", lambda row: int(row["calls"])),
    ("faults_total", "Calls that failed", lambda row: int(row["faults"])),
    ("cost_dollars_total", "What they cost, in flight at their bounds", lambda row: float(row["cost"])),
    ("seconds_total", "How long they took", lambda row: float(row["latency_ms"]) / 1000),
)


@get("/metrics", tags=["system"], media="text/plain")
async def metrics(request: AnyRequest, floor: TheFloor) -> Answer[str]:
    """Gauges, counters and a latency histogram in Prometheus' text exposition format."""
    lines = [*_process(floor), *_http(floor)]
    database = await ping(floor.pool)
    lines += _family("outcry_database_up", "gauge", "1 while the database answers", [({}, int(database.ok))])
    if database.ok:
        rows = await session_reads.list_sessions(floor.pool, caller_of(request).org_id, limit=50)
        lines += _sessions(rows)
        org_id = caller_of(request).org_id
        lines += _models(await budgets.by_model(floor.pool, org_id), await budgets.level(floor.pool, org_id))
    return Answer("\n".join([*lines, ""]), media_type=TEXT)


def _process(floor: Floor) -> Iterator[str]:
    memory = psutil.Process().memory_info().rss
    yield from _family("outcry_info", "gauge", "The version running", [({"version": VERSION}, 1)])
    yield from _family(
        "outcry_uptime_seconds", "gauge", "Since this process started", [({}, floor.uptime.seconds)]
    )
    yield from _family("outcry_resident_bytes", "gauge", "Memory of this process", [({}, memory)])
    yield from _family("outcry_websocket_clients", "gauge", "Connected clients", [({}, floor.hub.clients)])
    yield from _family(
        "outcry_event_feed_up", "gauge", "1 while events are followed", [({}, int(floor.hub.connected))]
    )
    yield from _family(
        "outcry_pool_connections",
        "gauge",
        "Database connections",
        [({"state": "open"}, floor.pool.get_size()), ({"state": "idle"}, floor.pool.get_idle_size())],
    )


def _http(floor: Floor) -> Iterator[str]:
    traffic = floor.traffic
    yield from _family(
        "outcry_http_responses_total",
        "counter",
        "Answers by status",
        [({"status": str(status)}, count) for status, count in sorted(traffic.by_status.items())],
    )
    name = "outcry_http_seconds"
    yield f"# HELP {name} Time until an answer began to leave"
    yield f"# TYPE {name} histogram"
    total = 0
    for bound, count in zip((*map(str, BOUNDS_S), "+Inf"), traffic.buckets, strict=True):
        total += count
        yield f'{name}_bucket{{le="{bound}"}} {total}'
    yield f"{name}_sum {traffic.seconds:.6f}"
    yield f"{name}_count {total}"


def _sessions(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    running = [session_of(row) for row in rows if row["status"] != "STOPPED"]
    for name, kind, text, value in SESSION_FIGURES:
        samples = [
            ({"session": str(s.id), "symbol": s.symbol, "source": s.source}, value(s)) for s in running
        ]
        yield from _family(f"outcry_session_{name}", kind, text, samples)


def _models(rows: Iterable[Mapping[str, Any]], level: Level) -> Iterator[str]:
    found = list(rows)
    for name, text, value in MODEL_FIGURES:
        samples = [({"model": row["model"], "cache": row["cache"]}, value(row)) for row in found]
        yield from _family(f"outcry_model_{name}", "counter", text, samples)
    tokens = [
        ({"model": row["model"], "cache": row["cache"], "kind": kind}, int(row[f"{kind}_tokens"]))
        for row in found
        for kind in ("prompt", "cached", "completion")
    ]
    yield from _family("outcry_model_tokens_total", "counter", "Tokens of models' calls", tokens)
    levels = [({"level": one}, int(one == level)) for one in LEVELS]
    yield from _family(
        "outcry_models_level", "gauge", "1 for the step that models' money has reached", levels
    )


def _family(name: str, kind: str, text: str, samples: Iterable[tuple[Labels, float | int]]) -> Iterator[str]:
    yield f"# HELP {name} {text}"
    yield f"# TYPE {name} {kind}"
    for labels, value in samples:
        inner = ",".join(f'{key}="{_escape(text)}"' for key, text in labels.items())
        yield f"{name}{{{inner}}} {value}" if inner else f"{name} {value}"


def _escape(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


HANDLERS = [metrics]
