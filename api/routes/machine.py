"""``/api/v1/system``: the machine, and reading the exchange's accounts again."""

from datetime import timedelta

from litestar import get, post

from api.access import caller_of
from api.floor import TheFloor
from api.machine import disk, memory, process
from api.requests import AnyRequest
from api.routes.portfolio import Reloaded, reloaded
from api.shapes.base import Shape
from db.alerting import raised
from wire.clock import WallClock

DAY = timedelta(days=1)
OF_MACHINE = frozenset(
    {"cpu_usage_percent", "memory_usage_percent", "disk_usage_percent", "api_p95_latency", "api_error_rate"}
)


class Processor(Shape, frozen=True, kw_only=True):
    """``high_duration_seconds``: for how long every look has found 90 % or more."""

    usage_percent: float
    cores: int
    high_duration_seconds: float


class Memory(Shape, frozen=True, kw_only=True):
    """Of the machine, in MiB."""

    total_mb: float
    used_mb: float
    percent: float


class Disk(Shape, frozen=True, kw_only=True):
    """Of the floor's home, in GiB."""

    total_gb: float
    used_gb: float
    percent: float


class Process(Shape, frozen=True, kw_only=True):
    """The API's own."""

    pid: int
    memory_mb: float
    threads: int
    uptime_seconds: float


class Said(Shape, frozen=True, kw_only=True):
    """An alert about the machine that nobody has acknowledged."""

    id: str
    message: str
    severity: str


class System(Shape, frozen=True, kw_only=True):
    """The machine now."""

    cpu: Processor
    memory: Memory
    disk: Disk
    process: Process
    alerts: list[Said]


@get("/api/v1/system", tags=["system"], role="admin", permission="view_system")
async def system(request: AnyRequest, floor: TheFloor) -> System:
    """Processor, memory, disk and this process, measured now; the last day's open alerts about them."""
    since = WallClock().now() - DAY
    rows = await raised.list_alerts(floor.pool, caller_of(request).org_id, since=since, acknowledged=False)
    return System(
        cpu=Processor(**floor.machine.cpu()),
        memory=Memory(**memory()),
        disk=Disk(**disk(floor.home)),
        process=Process(**process(), uptime_seconds=round(floor.uptime.seconds, 3)),
        alerts=[
            Said(id=str(row["id"]), message=row["message"], severity=row["severity"])
            for row in rows
            if row["source"] in OF_MACHINE
        ],
    )


@post(
    "/api/v1/system/exchange/reload",
    tags=["system"],
    role="trader",
    permission="execute_trades",
    status_code=200,
)
async def reload_exchange(request: AnyRequest, floor: TheFloor) -> Reloaded:
    """The same as `POST /api/v1/portfolio/reload`."""
    return await reloaded(request, floor)


HANDLERS = [system, reload_exchange]
