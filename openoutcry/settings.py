"""Settings: typed, frozen, unknown keys refused, every field documented where it is declared.

``parse`` turns one mapping (the merged YAML files of ``config/`` and the command line's changes) into Settings.
The whole of it goes into each session's first record, so a run says what it ran with.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from openoutcry.embedding import NAME
from openoutcry.errors import BadConfig, BadInput
from openoutcry.reconcile.policy import ReconcileSettings
from openoutcry.regime.settings import RegimeSettings
from openoutcry.spaces import MOST_DIMENSIONS, parse_embedder
from openoutcry.types.amounts import Amount, PositiveAmount
from openoutcry.types.frozen import Frozen
from openoutcry.types.orders import Trail

Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
Bps = Annotated[Amount, Field(ge=0, le=10_000)]


class TradingSettings(Frozen):
    """What is traded, with how much."""

    mode: Literal["paper", "live"] = "paper"
    initial_capital: PositiveAmount = Decimal(10_000)
    max_positions: Annotated[int, Field(ge=1, le=100)] = 3
    default_quantity: PositiveAmount = Decimal("0.1")
    allow_short: bool = True
    """Short through the pair's perpetual when one is traded; otherwise SELL only closes."""


class VenueSettings(Frozen):
    """The paper venue's costs and manners."""

    maker_fee_bps: Bps = Decimal(10)
    taker_fee_bps: Bps = Decimal(10)
    perp_maker_fee_bps: Bps = Decimal(2)
    perp_taker_fee_bps: Bps = Decimal(5)
    fees_in_base: bool = False
    """Take the fee of a spot buy in the asset bought, as exchanges do: that much less is then held."""
    half_spread_bps: Bps = Decimal("0.5")
    slippage_bps: Bps = Decimal(1)
    """Upper end of the seeded uniform slippage added to the half spread on taker fills."""
    latency_ms: Annotated[int, Field(ge=0, le=60_000)] = 250
    price_tick: PositiveAmount = Decimal("0.01")
    quantity_step: PositiveAmount = Decimal("0.00001")
    min_notional: Amount = Decimal(5)
    participation: Annotated[Amount, Field(gt=0, le=1)] = Decimal("0.25")
    """Largest share of one bar's volume that one order may fill."""
    initial_margin: Annotated[Amount, Field(gt=0, le=1)] = Decimal("0.1")
    """Collateral needed to open perpetuals, as a fraction of their notional."""
    maintenance_margin: Annotated[Amount, Field(gt=0, le=1)] = Decimal("0.05")
    """Collateral below which perpetuals are liquidated, as a fraction of their notional."""


class DebateSettings(Frozen):
    """When agents with a language model hear what the others claim and vote once more."""

    enabled: bool = False
    threshold: Fraction = 0.4
    """Dispersion above which a debate opens: the share of weight x confidence that is not behind the strongest action."""
    deadline_s: Annotated[float, Field(gt=0, le=600)] = 5.0
    """How long a rebuttal may take; a first vote stands when none came."""


class VotingSettings(Frozen):
    """How votes become a decision."""

    deadline_s: Annotated[float, Field(gt=0, le=600)] = 5.0
    quorum: Annotated[int, Field(ge=1, le=100)] = 2
    """Least number of directional votes (BUY, SELL or HOLD) for any trade."""
    min_consensus: Fraction = 0.6
    """Least share of the directional weight x confidence that the winning action needs among BUY and SELL."""
    min_confidence: Fraction = 0.3
    """Least weighted confidence of the winning action (over all directional weight) for an entry."""
    require_risk_voice: bool = True
    """Without a risk agent's word in the round, no entries; exits stay possible."""
    debate: DebateSettings = DebateSettings()


class RiskSettings(Frozen):
    """Limits of the gate and inputs of sizing. Fractions are of the session's equity."""

    risk_per_trade: Fraction = 0.01
    max_position_size: Fraction = 0.2
    max_gross_exposure: Annotated[float, Field(ge=0.0, le=10.0)] = 1.0
    max_daily_loss: Fraction = 0.05
    max_drawdown: Fraction = 0.15
    default_stop_loss: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.02
    default_take_profit: Annotated[float, Field(gt=0.0, le=10.0)] = 0.05
    trailing_stop: Trail | None = None
    """How far, as a fraction of the price, the stops of the floor's own entries follow a price that goes their way."""
    protect_manual: bool = True
    """A manual order that opens or adds, and names no stop, gets one at ``default_stop_loss``."""
    price_collar: Annotated[float, Field(gt=0.0, le=1.0)] = 0.05
    """Largest distance of a limit or stop price from the last good price, on the side that would execute at once."""
    max_order_notional: PositiveAmount = Decimal(1_000_000)
    max_orders_per_round: Annotated[int, Field(ge=1, le=100)] = 12
    max_orders_per_minute: Annotated[int, Field(ge=1, le=100_000)] = 120
    """Of one session, in market time; so for the next three. What only reduces passes."""
    max_orders_per_day: Annotated[int, Field(ge=1, le=10_000_000)] = 5_000
    max_repeats: Annotated[int, Field(ge=1, le=10_000)] = 10
    """Orders of the same leg, symbol, side, type and prices within ``repeat_window_s``."""
    repeat_window_s: Annotated[float, Field(gt=0.0, le=86_400.0)] = 60.0
    breaker_halts: bool = True
    """A loss limit that is reached halts the floor; it always ends its session's entries until an admin resets it. So do
    ``max_refusals`` orders in a row.
    """
    max_refusals: Annotated[int, Field(strict=True, ge=1, le=1_000)] = 5
    """Orders of one symbol that the venue refused or left unanswered, one after another within ``refusal_window_s``."""
    refusal_window_s: Annotated[float, Field(strict=True, gt=0.0, le=2_592_000.0)] = 86_400.0
    """In market time; a day, so that hourly bars are counted too."""
    restricted_symbols: tuple[str, ...] = ()
    perp_margin: Annotated[float, Field(gt=0.0, le=1.0)] = 1.0
    """Cash set aside per unit of perpetual notional; 1.0 trades without leverage."""
    cash_buffer: Fraction = 0.005
    """Cash kept per unit of notional for the price's move until the fill, beyond fee, spread and slippage."""
    llm_approval_required: bool = False


class HedgingSettings(Frozen):
    """When and how far the spot position is hedged with the perpetual."""

    enabled: bool = True
    threshold: Fraction = 0.05
    """A change of the hedge ratio by no more than this is not worth trading."""
    max_ratio: Fraction = 1.0
    target_ratio: Fraction = 1.0
    """Ratio that a hedge a person asks for is brought to (``outcry hedge execute``); the floor's own follows its vote."""


class BudgetSettings(Frozen):
    """Dollars that models may cost, unless `outcry budgets set` says otherwise, and at which spent share of a day's or the
    org's the floor steps down.
    """

    call: Annotated[Amount, Field(ge=0)] = Decimal("0.50")
    round: Annotated[Amount, Field(ge=0)] = Decimal("2")
    agent_day: Annotated[Amount, Field(ge=0)] = Decimal("10")
    day: Annotated[Amount, Field(ge=0)] = Decimal("25")
    org: Annotated[Amount, Field(ge=0)] = Decimal("500")
    smaller_at: Annotated[Amount, Field(gt=0, le=1)] = Decimal("0.7")
    fewer_at: Annotated[Amount, Field(gt=0, le=1)] = Decimal("0.85")

    @model_validator(mode="after")
    def _steps_down(self) -> "BudgetSettings":
        if self.smaller_at > self.fewer_at:
            raise ValueError("smaller_at must not be above fewer_at")
        return self


class CacheSettings(Frozen):
    """Answers of models that the floor gives again instead of asking (``llm.enable_caching``)."""

    max_age_s: Annotated[int, Field(ge=1, le=31_536_000)] = 86_400
    """How old an answer may be: since it was given, and in market time."""
    semantic: bool = True
    """Whether an answer to a situation alike counts too, not only one to the very same question."""
    similarity: Annotated[float, Field(ge=0.5, le=1.0)] = 0.9
    """Least cosine of two situations that are alike: about the share of their figures that are equal to two digits."""
    tolerance: Annotated[float, Field(ge=0.0, le=0.5)] = 0.01
    """The most that a figure an answer relies on may have moved, as a share of it."""
    live: bool = False
    """Whether real orders may rest on a kept answer."""


class LlmSettings(Frozen):
    """Language models; none is used until one is configured."""

    primary_model: str = "rules"
    fallback_model: str = "rules"
    temperature: Annotated[float, Field(ge=0.0, le=2.0)] = 0.0
    max_tokens: Annotated[int, Field(ge=1, le=200_000)] = 2000
    enable_caching: bool = False
    """Give answers again that models gave before, as ``cache`` says; on a floor with real orders only with ``cache.live``."""
    cache: CacheSettings = CacheSettings()
    tool_steps: Annotated[int, Field(ge=0, le=16)] = 4
    """How often a model may ask for tools before it has to vote; 0: never."""
    tool_tokens: Annotated[int, Field(ge=0, le=10_000_000)] = 40_000
    """Tokens of one answer, questions included, after which no more tools are given."""
    tool_result_chars: Annotated[int, Field(ge=100, le=1_000_000)] = 8_000
    """The most that a model gets to read of one tool's answer."""
    budget: BudgetSettings = BudgetSettings()


class NewsSettings(Frozen):
    """Where news comes from; a synthetic market makes its own. Nothing is fetched that is not named here."""

    feeds: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")], str] = Field(default_factory=dict)
    """Name → file (relative to the home) or https address, or http on this machine: RSS, Atom or JSON."""
    fear_greed: str | None = None
    """File or address of the fear & greed index: CSV or alternative.me's JSON."""
    refresh_s: Annotated[float, Field(ge=1.0, le=86_400.0)] = 60.0
    """How often a feed is read again."""
    window_hours: Annotated[float, Field(gt=0.0, le=720.0)] = 24.0
    """How old a headline may be that still counts."""


class MemorySettings(Frozen):
    """How past decisions are found by their meaning."""

    embedder: str = NAME
    """Who makes vectors of prompts: ``text:hash-v1`` (offline), ``openai:MODEL`` or ``compatible:MODEL@URL``."""
    dimensions: Annotated[int, Field(ge=1, le=MOST_DIMENSIONS)] | None = None
    """How many numbers the model is told to give; None: as many as it has."""
    reflector: str = "rules"
    """Who looks back at decisions that have ended, beside the rules: a chain of models like an agent's mind."""

    @model_validator(mode="after")
    def _named(self) -> "MemorySettings":
        try:
            name = parse_embedder(self.embedder)
        except BadInput as error:
            raise ValueError(str(error)) from None
        if name.offline and self.dimensions is not None:
            raise ValueError(f"dimensions: {NAME} has its own")
        return self


class AgentSettings(Frozen):
    """One agent's seat on the floor."""

    weight: Annotated[float, Field(ge=0.0, le=100.0)] = 1.0
    enabled: bool = True
    mind: str = "rules"
    tools: tuple[str, ...] | None = None
    """Allow-list of ``server.tool`` names; None takes the agent's declared tools."""
    recall: Annotated[int, Field(ge=0, le=20)] = 0
    """How many past situations like the present one a language model on the seat is shown before it votes; 0: none."""


class Settings(Frozen):
    """Everything a run can be told, secrets excepted."""

    trading: TradingSettings = TradingSettings()
    venue: VenueSettings = VenueSettings()
    voting: VotingSettings = VotingSettings()
    risk: RiskSettings = RiskSettings()
    hedging: HedgingSettings = HedgingSettings()
    llm: LlmSettings = LlmSettings()
    news: NewsSettings = NewsSettings()
    regimes: RegimeSettings = RegimeSettings()
    reconcile: ReconcileSettings = ReconcileSettings()
    memory: MemorySettings = MemorySettings()
    agents: dict[str, AgentSettings] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _someone_votes(self) -> "Settings":
        if self.agents and not any(a.enabled and a.weight > 0 for a in self.agents.values()):
            raise ValueError("agents: at least one agent must be enabled with a positive weight")
        return self


UPDATABLE: Mapping[str, tuple[str, str]] = {
    "trading_mode": ("trading", "mode"),
    "initial_capital": ("trading", "initial_capital"),
    "max_positions": ("trading", "max_positions"),
    "max_position_size": ("risk", "max_position_size"),
    "max_daily_loss": ("risk", "max_daily_loss"),
    "max_drawdown": ("risk", "max_drawdown"),
    "default_stop_loss": ("risk", "default_stop_loss"),
    "default_take_profit": ("risk", "default_take_profit"),
    "llm_approval_required": ("risk", "llm_approval_required"),
    "min_confidence": ("voting", "min_confidence"),
    "llm_temperature": ("llm", "temperature"),
    "llm_max_tokens": ("llm", "max_tokens"),
}
"""Fields that may change while running: the API's name → section and field."""


def parse(mapping: Mapping[str, Any]) -> Settings:
    """Settings of a mapping. Raises BadConfig naming the first wrong field as ``section.field``."""
    try:
        return Settings.model_validate(mapping)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise BadConfig(f"{field or 'settings'}: {first['msg']}", field=field or None) from error


def changed(settings: Settings, updates: Mapping[str, Any]) -> Settings:
    """Settings with runtime updates applied, all or nothing. Raises BadConfig naming the update's own key."""
    merged: dict[str, Any] = settings.model_dump()
    for key, value in updates.items():
        if key not in UPDATABLE:
            raise BadConfig(f"{key}: not a field that can be changed at runtime", field=key)
        section, name = UPDATABLE[key]
        if key == "trading_mode" and isinstance(value, str):
            value = value.lower()
        try:
            parse({section: {**merged[section], name: value}})
        except BadConfig as error:
            raise BadConfig(f"{key}: {str(error).partition(': ')[2]}", field=key) from error
        merged[section][name] = value
    return parse(merged)
