"""The figures of an org's account that rules may watch. What cannot be measured is left out, never made up."""

from datetime import timedelta
from uuid import UUID

import numpy as np

from api.books import source
from api.floor import Floor
from db import state
from db.reads.account import equity_line
from db.reads.execution_quality import fill_rate, slippage
from db.reads.sessions_seen import sessions_seen
from openoutcry.errors import BadInput, DataUnavailable
from openoutcry.portfolio import mark
from openoutcry.risk.history import account_line
from openoutcry.risk.metrics import falls, figures
from openoutcry.risk.returns import DAYS_PER_YEAR, price_returns
from openoutcry.risk.seen import together
from wire.clock import WallClock

YEAR = timedelta(days=365)


async def account_readings(floor: Floor, org_id: UUID) -> dict[str, float]:
    """By figure, those that exist now."""
    now = await state.clock(floor.pool) or WallClock().now()
    found: dict[str, float | None] = {
        "fill_rate": await fill_rate(floor.pool, org_id, now),
        "avg_slippage": await slippage(floor.pool, org_id, now),
    }
    rows = await equity_line(floor.pool, org_id, now - YEAR, now)
    line = account_line((row["session_id"], row["as_of"], float(row["equity"])) for row in rows)
    if line:
        fallen = falls(np.array([point.value for point in line]))
        found |= {
            "portfolio_value": line[-1].value,
            "drawdown": float(fallen[-1]),
            "max_drawdown": float(fallen.max()),
        }
    days = [point.value for point in {point.at.date(): point for point in line}.values()]
    if len(days) >= 2 and min(days) > 0:
        of = figures(price_returns(days, field="equity"), DAYS_PER_YEAR)
        found |= {"sharpe_ratio": of.sharpe_ratio, "volatility": of.volatility, "var_95": of.var_95}
    found["leverage"] = await _leverage(floor, org_id)
    return {name: value for name, value in found.items() if value is not None}


async def _leverage(floor: Floor, org_id: UUID) -> float | None:
    try:
        marked = mark(*together(await sessions_seen(source(floor), org_id)))
    except (DataUnavailable, BadInput):  # no session, no price, or money that does not add up
        return None
    return float(marked.gross / marked.equity) if marked.equity > 0 else None
