"""Which market a floor trades on: the one asked for, or whichever can be had."""

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from openoutcry.errors import BadConfig
from openoutcry.types.market import Source
from openoutcry.types.symbols import canonical
from openoutcry.types.timeframes import parse_timeframe
from outcry.opening.wanted import Wanted
from outcry.screen import Screen
from wire.config import RunSpec, parse_speed, parse_when

SYNTHETIC_START = datetime(2024, 1, 1, tzinfo=UTC)
SYNTHETIC_SPEED = 12.0
PROBE_S = 3.0


def run_spec(wanted: Wanted, home: Path) -> RunSpec:
    """What to trade on which data. Raises BadConfig naming the option."""
    if wanted.market not in ("live", "recorded", "synthetic"):
        raise BadConfig(
            f"--market: {wanted.market!r} must be auto, live, synthetic or recorded", field="market"
        )
    market: Source = wanted.market  # type: ignore[assignment]
    asked = tuple(canonical(s, field="--symbols") for s in (wanted.symbols or "").split(",") if s.strip())
    if len(set(asked)) != len(asked):
        raise BadConfig("--symbols: the same symbol twice", field="symbols")
    spec = RunSpec(
        market=market,
        exchange=wanted.exchange,
        symbols=asked or ("BTC/USDT",),
        timeframe=parse_timeframe(wanted.timeframe or "1m", field="--timeframe"),
        start=parse_when(wanted.start, field="--from"),
        end=parse_when(wanted.end, field="--to", end=True),
        speed=1.0,
        rounds=wanted.rounds,
        seed=wanted.seed,
        live=wanted.live,
    )
    if spec.start and spec.end and spec.start >= spec.end:
        raise BadConfig("--from: must be before --to", field="from")
    if market == "live":
        if spec.start or spec.end or wanted.speed:
            raise BadConfig("--from, --to and --speed: a live market has its own time", field="from")
        return spec
    if market == "recorded":
        return _recorded(spec, wanted, home, asked)
    speed = parse_speed(wanted.speed, field="--speed") if wanted.speed else SYNTHETIC_SPEED
    return spec.model_copy(
        update={"start": spec.start or SYNTHETIC_START, "speed": speed, "exchange": f"synthetic-{spec.seed}"}
    )


def _recorded(spec: RunSpec, wanted: Wanted, home: Path, asked: tuple[str, ...]) -> RunSpec:
    from outcry.recorded import choose  # reads Parquet footers; other markets do not need that

    speed = parse_speed(wanted.speed, field="--speed") if wanted.speed else 0.0
    return choose(
        spec.model_copy(update={"speed": speed}), home, asked, timeframe_given=wanted.timeframe is not None
    )


def start_probe(wanted: Wanted) -> subprocess.Popen[bytes]:
    """Begin to ask the exchange whether it answers, while the database is opened."""
    return subprocess.Popen(
        [sys.executable, "-m", "mcp_servers.market.sources.probe", "--exchange", wanted.exchange],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def after_probe(wanted: Wanted, home: Path, probe: subprocess.Popen[bytes], screen: Screen) -> RunSpec:
    """Live data where the exchange answers, made-up data where it does not."""
    try:
        answered = probe.wait(PROBE_S + 3.0) == 0
    except subprocess.TimeoutExpired:
        probe.kill()
        probe.wait()
        answered = False
    if answered:
        screen.step(f"{wanted.exchange} answers: live market data")
        return run_spec(replace(wanted, market="live"), home)
    screen.warn(f"{wanted.exchange} does not answer: trading SYNTHETIC data. Prices are generated, not real.")
    return run_spec(replace(wanted, market="synthetic"), home)
