"""The regime model in force for a market: the version in production of the model named after it."""

from dataclasses import dataclass
from uuid import UUID

import asyncpg

from db.candles import Series
from db.candles.series import folder_of
from db.models.reading import artefact, in_production
from db.models.rows import ModelVersion
from openoutcry.canonical import digest
from openoutcry.errors import BadInput, DataUnavailable
from openoutcry.regime.model import RegimeModel, parse_model


def model_name(series: Series) -> str:
    """``regime-binance-BTC-USDT-1h``."""
    return f"regime-{series.exchange}-{folder_of(series.symbol)}-{series.timeframe}"


@dataclass(frozen=True, slots=True)
class InForce:
    """A version and the model it is."""

    version: ModelVersion
    model: RegimeModel


class Shelf:
    """Models in force, read once each. Which version is in force is asked every time."""

    def __init__(self, pool: asyncpg.Pool, org_id: UUID) -> None:
        self._pool, self._org = pool, org_id
        self._kept: dict[str, InForce] = {}

    async def find(self, series: Series) -> InForce | None:
        """The model in force, None without one. Raises DataUnavailable when the stored one was altered."""
        name = model_name(series)
        version = await in_production(self._pool, self._org, name)
        if version is None:
            return None
        kept = self._kept.get(name)
        if kept is None or kept.version.id != version.id:
            kept = self._kept[name] = InForce(version, await _read(self._pool, version))
        return kept

    async def need(self, series: Series) -> InForce:
        """The model in force. Raises DataUnavailable saying how to get one."""
        found = await self.find(series)
        if found is None:
            raise DataUnavailable(
                f"no regime model of {series} is in production; train one: outcry regime train --exchange "
                f"{series.exchange} --symbol {series.symbol} --timeframe {series.timeframe} --promote"
            )
        return found


async def _read(pool: asyncpg.Pool, version: ModelVersion) -> RegimeModel:
    stored = await artefact(pool, version.id)
    try:
        if digest(stored) == version.content_hash:
            return parse_model(stored)
        why = "its digest is another"
    except BadInput as error:
        why = str(error)
    raise DataUnavailable(
        f"{version.name} {version.version} is not what was registered ({why}): train it anew"
    )
