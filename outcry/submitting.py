"""From the words of ``outcry jobs submit`` to a job in the queue."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from db.jobs.submit import Submission
from db.strategies import finding
from openoutcry.backtest.request.asked import Named, read
from openoutcry.backtest.request.completing import Found, complete
from openoutcry.errors import BadInput, NotFound
from outcry.wording import in_words, settings_of
from wire.document import read_document
from wire.strategies import SUFFIXES, load_trading_defaults, strategy_file


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
        return await _of(pool, org_id, home, read_document(words.request), {}, now, words.timeout_s)
    if words.strategy is None:
        raise BadInput(
            "STRATEGY: is missing; `outcry strategies files` shows those there are", field="STRATEGY"
        )
    try:
        source, extra = await _source(pool, org_id, home, words.strategy)
        body = {**words.fields, **source}
        return await _of(pool, org_id, home, body, extra | settings_of(words.settings), now, words.timeout_s)
    except BadInput as error:
        raise in_words(error) from error


async def _of(
    pool: asyncpg.Pool,
    org_id: UUID,
    home: Path,
    body: Any,
    extra: dict[str, Any],
    now: datetime,
    timeout_s: int,
) -> Submission:
    asked = read(body, now)
    found = None
    if isinstance(asked.source, Named):
        source = asked.source
        found = extra.pop("found", None) or await _named(pool, org_id, home, source.name, source.version)
    request = complete(asked, load_trading_defaults(home), found, parameters=extra)
    return Submission(
        kind="backtest",
        name=request.name,
        version=request.version,
        request=request.stored(),
        timeout_s=timeout_s,
    )


async def _source(
    pool: asyncpg.Pool, org_id: UUID, home: Path, text: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    if text.endswith(SUFFIXES):
        return {"strategy_json": read_document(strategy_file(text, home))}, {}
    name, _, version = text.partition("@")
    found = await _named(pool, org_id, home, name, version or None)
    return {"strategy_id": str(found.strategy_id or name)}, {"found": found}


async def _named(pool: asyncpg.Pool, org_id: UUID, home: Path, name: str, version: str | None) -> Found:
    """Of the registry, else of the files."""
    try:
        stored = await finding.find(pool, org_id, name)
        chosen = finding.pick(stored, await finding.versions(pool, stored.id), version or finding.LATEST)
        return Found(chosen.body, chosen.version, stored.id)
    except NotFound:
        if version not in (None, finding.LATEST):
            raise
    return Found(read_document(strategy_file(name, home)))
