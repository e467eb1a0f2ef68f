"""Values whose keys are not ours to name, and answers that other packages make whole: what the document says of them.

A type here changes nothing about how a body is read; it says in the API's description what its reader takes.
"""

from typing import Annotated, Any, Literal, TypedDict

from msgspec import Meta


def _map(values: dict[str, Any], description: str, example: dict[str, Any] | None = None) -> Meta:
    more: dict[str, Any] = {"type": "object", "additionalProperties": values}
    return Meta(description=description, examples=[example] if example else None, extra_json_schema=more)


def _fields(
    properties: dict[str, Any],
    description: str,
    example: dict[str, Any],
    *,
    required: tuple[str, ...] = (),
    more: Any = False,
) -> Meta:
    schema: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": more}
    return Meta(
        description=description,
        examples=[example],
        extra_json_schema={**schema, **({"required": list(required)} if required else {})},
    )


TEXT = {"type": "string"}
NUMBER = {"type": "number"}
SCALAR = {"anyOf": [{"type": "number"}, {"type": "boolean"}, {"type": "string"}, {"type": "null"}]}
SETTING = {"anyOf": [*SCALAR["anyOf"], {"type": "array", "items": SCALAR}]}
WINDOWS = {
    "anyOf": [
        *SCALAR["anyOf"],
        {"type": "object", "additionalProperties": {"type": "object", "additionalProperties": NUMBER}},
    ]
}
"""A field of an execution config: a scalar, or ``cooldown_config``'s windows by timeframe."""

Params = Annotated[dict[str, Any], _map(SETTING, "A signal's parameters by name", {"window": 14})]
MaybeParams = Annotated[
    dict[str, Any], _map(SETTING, "A signal's parameters by name; none by default", {"window": 14})
]
RULE = {
    "name": TEXT,
    "signal_type": {"type": "string", "description": "TRIGGER or FILTER"},
    "timeframe": TEXT,
    "params": {"type": "object", "additionalProperties": SETTING},
    "parameters": {"type": "object", "additionalProperties": SETTING},
}
A_RULE: dict[str, Any] = {
    "name": "rsi_oversold", "signal_type": "TRIGGER", "timeframe": "1h", "params": {"window": 14, "threshold": 30},
}  # fmt: skip
Rule = Annotated[dict[str, Any], _fields(RULE, "One signal of a strategy", A_RULE)]
ExecutionConfig = Annotated[
    dict[str, Any],
    _map(
        WINDOWS,
        "Fields of `GET /api/v1/config/execution-config-schema`",
        {"max_risk_per_trade": 0.01, "atr_period": 14},
    ),
]
RULES = {"type": "array", "items": {"type": "object", "properties": RULE, "additionalProperties": False}}
RuleSet = Annotated[
    dict[str, Any],
    _fields(
        {
            "name": TEXT,
            "asset": TEXT,
            "entry": RULES,
            "exit": RULES,
            "reward_factor": NUMBER,
            "relaxed": {"type": "boolean"},
            "side": TEXT,
            "execution_config": {"type": "object", "additionalProperties": WINDOWS},
        },
        "A strategy of rules",
        {"name": "rsi_dip", "asset": "BTC", "entry": [A_RULE], "exit": [], "reward_factor": 2.0},
        more={"description": "Any JSON value"},
    ),
]
Parameters = Annotated[
    dict[str, Any], _map(WINDOWS, "Parameters of the strategy by name", {"window_slow": 60})
]
CANDLE = {
    **dict.fromkeys(("open", "high", "low", "close", "volume"), NUMBER),
    "timestamp": {"anyOf": [NUMBER, TEXT]},
}
A_CANDLE = {
    "timestamp": "2025-01-15T10:00:00Z",
    "open": 42000,
    "high": 42150,
    "low": 41900,
    "close": 42100,
    "volume": 12,
}
CandleRow = Annotated[
    dict[str, Any],
    _fields(CANDLE, "One bar; its columns in any case, further ones are ignored", A_CANDLE, more=SCALAR),
]
DateRange = Annotated[
    dict[str, Any],
    _fields(
        {"start": TEXT, "end": TEXT},
        "First and last moment of the candles",
        {"start": "2024-01-01T00:00:00Z", "end": "2024-12-31T23:59:59Z"},
    ),
]
ChosenStrategy = Annotated[
    dict[str, Any],
    _fields(
        {
            "name": TEXT,
            "version": TEXT,
            "symbols": {"type": "array", "items": TEXT},
            "parameters": {"type": "object", "additionalProperties": WINDOWS},
        },
        "A registered strategy and what to change of it",
        {"name": "sma_cross", "version": "latest", "parameters": {"window_slow": 60}},
        more=SETTING,
    ),
]
Figures = Annotated[
    dict[str, Any],
    _map(
        SETTING,
        "Figures by name (docs/metrics.md); null where one does not exist",
        {"total_return": 0.124, "sharpe_ratio": 1.4, "max_drawdown": 0.08, "total_trades": 42},
    ),
]
SettingsByName = Annotated[dict[str, Any], _map(SETTING, "Settings by name", {"max_position_size": 0.15})]
SettingsSection = Annotated[
    dict[str, Any],
    _map(
        {"anyOf": [*SETTING["anyOf"], {"type": "object", "additionalProperties": SETTING}]},
        "Settings by name; some have settings of their own",
        {"max_position_size": 0.15, "budget": {"day": 25}},
    ),
]


Default = Annotated[Any, Meta(description="What it is when left out", extra_json_schema=SETTING)]
Holding = Annotated[dict[str, Any], _map(SCALAR, "A position it holds", {"asset": "BTC", "side": "long"})]
Rules = Annotated[list[Any], Meta(description="Signals, all of which must hold", extra_json_schema=RULES)]


class ParamBounds(TypedDict, total=False):
    """One parameter: what it is, its bounds, and what it is when left out."""

    type: str
    min: float | None
    max: float | None
    optional: bool
    default: Default


class Cost(TypedDict):
    """What hedging an asset costs, in percent; ``wanted_by_vote`` is the hedging agent's ratio."""

    correlation: float | None
    funding_cost_daily_pct: float | None
    basis_pct: float | None
    wanted_by_vote: float | None


class HedgeWorking(TypedDict):
    """An order the venue still works on; the amount exactly, as text."""

    asset: str
    side: Literal["buy", "sell"]
    amount: str


class HedgeRefused(HedgeWorking, total=False):
    """An order that was refused, and by which rule."""

    rule: str
    value: str
    limit: str
    message: str


class ReloadOf(TypedDict):
    """One exchange read again."""

    success: bool
    items_processed: int
    items_synced: int
    duration_seconds: float
    errors: list[str]


class Passed(TypedDict):
    """One check before a backtest."""

    name: str
    verdict: str
    message: str
    symbol: str | None


class Checks(TypedDict):
    """All checks before a backtest; the verdict is the worst of them."""

    verdict: str
    strict: bool
    checks: list[Passed]


class Doubt(TypedDict):
    """Why a result may be too good, too thin or too odd to be believed."""

    check: str
    message: str


class RefusedRow(TypedDict):
    """A row of the exchange's that was not stored."""

    at: str
    reason: str


class SyncedSeries(TypedDict):
    """What became of one series."""

    symbol: str
    timeframe: str
    new_rows: int
    replaced_rows: int
    changed: list[str]
    refused_rows: int
    refused: list[RefusedRow]
    absent_rows: int
    absent: list[str]
    repaired: list[str]
    error: str | None


class RegimeTrading(TypedDict):
    """What a regime means for trading."""

    volatility_threshold: float
    leverage_multiplier: float
    position_limit: float
    position_size_multiplier: float
    stop_loss_multiplier: float
    volatility_target_multiplier: float | None
    strategy_preference: str


class WebKey(TypedDict, total=False):
    """An RSA key (RFC 7517)."""

    kty: Literal["RSA"]
    kid: str
    use: Literal["sig"]
    alg: Literal["RS256"]
    key_ops: list[str]
    n: str
    e: str


class KeySet(TypedDict):
    """The public keys that programs' tokens are signed with."""

    keys: list[WebKey]
