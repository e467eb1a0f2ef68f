"""The graphics processors of this machine, as the kernel tells of them; no driver's library is needed or asked."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SYSTEM = Path("/")
VENDORS = {"0x10de": "NVIDIA", "0x1002": "AMD", "0x8086": "Intel", "0x106b": "Apple"}


@dataclass(frozen=True, slots=True)
class Device:
    """One device. ``busy_percent`` and memory are None where its driver does not tell them."""

    index: int
    vendor: str
    name: str
    driver: str | None
    busy_percent: float | None
    memory_total_mb: float | None
    memory_used_mb: float | None


def devices(root: Path = SYSTEM) -> list[Device]:
    """Every card of the DRM subsystem, and NVIDIA's that stand outside it."""
    cards = sorted(
        card for card in (root / "sys/class/drm").glob("card*") if card.name.removeprefix("card").isdigit()
    )
    found = [_card(number, card / "device") for number, card in enumerate(cards)]
    if not any(one.vendor == "NVIDIA" for one in found):
        found += list(_nvidia(root, len(found)))
    return found


def _card(number: int, folder: Path) -> Device:
    vendor = _text(folder / "vendor") or "unknown"
    driver = folder / "driver"
    return Device(
        index=number,
        vendor=VENDORS.get(vendor, vendor),
        name=_text(folder / "product_name") or f"{vendor}:{_text(folder / 'device') or 'unknown'}",
        driver=driver.resolve().name if driver.exists() else None,
        busy_percent=_number(folder / "gpu_busy_percent"),
        memory_total_mb=_megabytes(folder / "mem_info_vram_total"),
        memory_used_mb=_megabytes(folder / "mem_info_vram_used"),
    )


def _nvidia(root: Path, first: int) -> Iterator[Device]:
    files = sorted((root / "proc/driver/nvidia/gpus").glob("*/information"))
    for number, file in enumerate(files, first):
        lines = dict(line.split(":", 1) for line in (_text(file) or "").splitlines() if ":" in line)
        name = lines.get("Model", "unknown").strip()
        yield Device(number, "NVIDIA", name, "nvidia", None, None, None)


def _text(path: Path) -> str | None:
    try:
        return path.read_text().strip() or None
    except (OSError, UnicodeDecodeError):
        return None


def _number(path: Path) -> float | None:
    text = _text(path)
    return float(text) if text is not None and text.isdecimal() else None


def _megabytes(path: Path) -> float | None:
    value = _number(path)
    return None if value is None else value / 1024.0**2
