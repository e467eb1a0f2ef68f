"""``/api/v1/gpu``: which graphics processors this machine really has. Nothing on the floor computes on one."""

import asyncio
from dataclasses import asdict

from litestar import get

from api.failures import Failure
from api.gpu import Device, devices
from api.shapes.base import Shape


class Gpu(Shape, frozen=True, kw_only=True):
    """One device, as the kernel tells of it; null where its driver does not say."""

    index: int
    vendor: str
    name: str
    driver: str | None
    busy_percent: float | None
    memory_total_mb: float | None
    memory_used_mb: float | None


class GpuStatus(Shape, frozen=True, kw_only=True):
    """``used_by`` are the parts of the floor that compute on a device: none does."""

    available: bool
    device_count: int
    devices: list[Gpu]
    used_by: list[str]


class GpuMetrics(Shape, frozen=True, kw_only=True):
    """How busy the devices are."""

    devices: list[Gpu]
    device_count: int


@get("/api/v1/gpu/status", tags=["system"], permission="view_system", role="admin")
async def status() -> GpuStatus:
    """The devices there are, looked up when asked."""
    found = [_gpu(one) for one in await asyncio.to_thread(devices)]
    return GpuStatus(available=bool(found), device_count=len(found), devices=found, used_by=[])


@get("/api/v1/gpu/metrics", tags=["system"], permission="view_system", role="admin")
async def metrics() -> GpuMetrics:
    """How busy they are; 503 where there is none."""
    found = [_gpu(one) for one in await asyncio.to_thread(devices)]
    if not found:
        raise Failure(503, "GPU service not available", code="NOT_AVAILABLE")
    return GpuMetrics(devices=found, device_count=len(found))


def _gpu(one: Device) -> Gpu:
    return Gpu(**asdict(one))


HANDLERS = [status, metrics]
