"""From the words of ``outcry jobs submit`` to a job in the queue."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from api import backtesting
from db.jobs.submit import Submission
from openoutcry.backtest.request.completing import Found
from openoutcry.errors import BadInput
from outcry.wording import in_words, settings_of
from wire.document import read_document
from wire.strategies import SUFFIXES, strategy_file


@dataclass(frozen=True, slots=True)
class Words:
    """What was typed. ``strategy`` is a file, the name of one, or a strategy of the registry as NAME or NAME@VERSION."""

    strategy: str | None
    request: Path | None
    fields: Mapping[str, Any]
    """Fields of the body, by its own names; None where nothing was said."""
    settings: Sequence[str]
    """``NAME=VALUE`` each, for the strategy's parameters and its execution."""
    timeout_s: int


async def submission(pool: asyncpg.Pool, org_id: UUID, home: Path, words: Words, now: datetime) -> Submission:
    """The job. Raises BadInput naming the option (or, for a request file, the field) that is wrong."""
    if words.request is not None:
        if words.strategy is not None or any(value is not None for value in words.fields.values()):
            raise BadInput(
                "--request: says everything; give no strategy or option beside it", field="--request"
            )
        body = read_document(words.request)
        return await backtesting.submission(pool, org_id, home, body, now, timeout_s=words.timeout_s)
    if words.strategy is None:
        raise BadInput(
            "STRATEGY: is missing; `outcry strategies files` shows those there are", field="STRATEGY"
        )
    try:
        source, found = await _source(pool, org_id, home, words.strategy)
        return await backtesting.submission(
            pool,
            org_id,
            home,
            {**words.fields, **source},
            now,
            parameters=settings_of(words.settings),
            found=found,
            timeout_s=words.timeout_s,
        )
    except BadInput as error:
        raise in_words(error) from error


async def _source(
    pool: asyncpg.Pool, org_id: UUID, home: Path, text: str
) -> tuple[dict[str, Any], Found | None]:
    if text.endswith(SUFFIXES):
        return {"strategy_json": read_document(strategy_file(text, home))}, None
    name, _, version = text.partition("@")
    found = await backtesting.named(pool, org_id, home, name, version or None)
    return {"strategy_id": str(found.strategy_id or name)}, found
