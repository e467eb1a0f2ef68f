"""``/api/v1/config``: the running settings, without secrets, hosts or ports; and changing some of them."""

from typing import Any

from litestar import MediaType, get, patch

from api.amounts import Number
from api.bodies import Body, read_body
from api.commands import build, carry_out
from api.encoding import Answer, encode
from api.failures import invalid_body
from api.floor import Floor, TheFloor
from api.idempotency import once
from api.requests import AnyRequest
from api.running import running_settings
from api.shapes.base import Shape, tidy
from api.shapes.described import SettingsByName, SettingsSection
from openoutcry.errors import BadConfig
from openoutcry.settings import UPDATABLE, Settings, changed
from openoutcry.types.commands import ChangeConfig
from openoutcry.types.frozen import Frozen
from openoutcry.version import VERSION

NOTE = "Changes are in-memory only and will reset on server restart"


class ConfigUpdate(Body, frozen=True, kw_only=True):
    """What may change while the floor runs: all of it or nothing. Fractions are of the session's equity."""

    trading_mode: str | None = None
    initial_capital: Number | None = None
    max_positions: int | None = None
    max_position_size: Number | None = None
    max_daily_loss: Number | None = None
    max_drawdown: Number | None = None
    default_stop_loss: Number | None = None
    default_take_profit: Number | None = None
    min_confidence: Number | None = None
    llm_approval_required: bool | None = None
    llm_temperature: Number | None = None
    llm_max_tokens: int | None = None


class ConfigAnswer(Shape, frozen=True, kw_only=True):
    """The running configuration by section."""

    config: dict[str, SettingsSection]


class ConfigChanged(Shape, frozen=True, kw_only=True):
    """What changed."""

    message: str
    updates: SettingsByName
    note: str


@get("/api/v1/config", tags=["config"])
async def get_config(request: AnyRequest, floor: TheFloor) -> Answer[ConfigAnswer]:
    """The configuration the floor runs with right now."""
    settings = await running_settings(floor)
    written: Any = floor.told.of(settings, lambda: encode(ConfigAnswer(config=_sections(settings, floor))))
    return Answer(written, media_type=MediaType.JSON)


@patch(
    "/api/v1/config",
    tags=["config"],
    role="admin",
    idempotent=True,
    body=ConfigUpdate,
    example={
        "trading_mode": "paper",
        "max_position_size": 0.15,
        "default_stop_loss": 0.03,
        "llm_temperature": 0.8,
    },
)
async def patch_config(request: AnyRequest, floor: TheFloor) -> Answer[ConfigChanged]:
    """Change the running configuration, all or nothing. It reaches every process before the next round."""
    wanted = await read_body(request, ConfigUpdate)
    updates = {name: value for name in UPDATABLE if (value := getattr(wanted, name)) is not None}
    if not updates:
        raise invalid_body(f"name at least one of {', '.join(UPDATABLE)}")
    try:
        changed(await running_settings(floor), updates)
    except BadConfig as error:
        raise invalid_body(str(error), error.field) from error
    sent = {name: _plain(name, value) for name, value in updates.items()}
    command = build(ChangeConfig, {"updates": sent})

    async def change(key: str | None) -> ConfigChanged:
        await carry_out(request, floor, command, key)
        return ConfigChanged(message="Configuration updated successfully", updates=updates, note=NOTE)

    return await once(request, floor, command, change)


def _plain(name: str, value: Any) -> Any:
    if name == "initial_capital":
        return str(value)
    return float(value) if isinstance(value, Number) else value


def _sections(settings: Settings, floor: Floor) -> dict[str, dict[str, Any]]:
    run, llm = floor.run, settings.llm
    app = {
        "name": "open-outcry",
        "version": VERSION,
        "environment": run.market,
        "log_level": "info",
        "timeframe": run.timeframe,
    }
    trading = {**_fields(settings.trading), "symbols": list(run.symbols), "exchange": run.exchange}
    risk = {**_fields(settings.risk), "min_confidence": settings.voting.min_confidence}
    gateway = "none" if llm.primary_model == "rules" else "direct"
    return {
        "app": app,
        "trading": trading,
        "risk": risk,
        "llm": {"gateway": gateway, **_fields(llm)},
        "voting": _fields(settings.voting),
        "venue": _fields(settings.venue),
        "hedging": _fields(settings.hedging),
        "agents": {name: _fields(agent) for name, agent in settings.agents.items()},
    }


def _fields(section: Frozen) -> dict[str, Any]:
    values = {name: getattr(section, name) for name in type(section).model_fields}
    return {name: _fields(one) if isinstance(one, Frozen) else tidy(one) for name, one in values.items()}


HANDLERS = [get_config, patch_config]
