"""From a request's body to a backtest in the queue: either product's body, the registry's strategies or the shipped ones."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from db.jobs.submit import TIMEOUT_S, Submission
from db.strategies import finding
from openoutcry.backtest.request.asked import Named, read
from openoutcry.backtest.request.completing import Found, complete
from openoutcry.errors import NotFound
from wire.document import read_document
from wire.strategies import load_trading_defaults, strategy_file


async def submission(
    pool: asyncpg.Pool,
    org_id: UUID,
    home: Path,
    body: Any,
    now: datetime,
    *,
    parameters: Mapping[str, Any] | None = None,
    found: Found | None = None,
    traded: tuple[str, ...] = (),
    timeout_s: int = TIMEOUT_S,
) -> Submission:
    """The job that a body asks for; ``found`` is the strategy it names, where that is known already,
    ``traded`` the symbols meant where neither the body nor the strategy names any.

    Raises BadInput naming the field that is wrong, NotFound for a strategy that is not there.
    """
    asked = read(body, now)
    if found is None and isinstance(asked.source, Named):
        found = await named(pool, org_id, home, asked.source.name, asked.source.version)
    request = complete(
        asked, load_trading_defaults(home), found, parameters=dict(parameters or {}), traded=traded
    )
    return Submission(
        kind="backtest",
        name=request.name,
        version=request.version,
        request=request.stored(),
        timeout_s=timeout_s,
    )


async def named(pool: asyncpg.Pool, org_id: UUID, home: Path, name: str, version: str | None) -> Found:
    """A strategy of the registry, else of the files. Raises NotFound, BadInput."""
    try:
        stored = await finding.find(pool, org_id, name)
        chosen = finding.pick(stored, await finding.versions(pool, stored.id), version or finding.LATEST)
        return Found(chosen.body, chosen.version, stored.id)
    except NotFound:
        if version not in (None, finding.LATEST):
            raise
    return Found(read_document(strategy_file(name, home)))
