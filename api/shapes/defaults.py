"""The trading defaults as they are answered."""

from typing import Annotated, Any, TypedDict

from msgspec import Meta

from api.shapes.described import SCALAR, ExecutionConfig

Section = Annotated[ExecutionConfig, Meta(description="One section's fields")]


class _Entry(TypedDict):
    """What one execution field is and does."""

    status: str
    description: str
    effect: str
    type: str


class Entry(_Entry, total=False):
    """What one execution field is, may be and does. A key that means nothing for a field is left out."""

    nullable: bool
    min: float
    min_exclusive: bool
    max: float
    max_exclusive: bool
    choices: list[str]
    gate_field: str
    gate_required: Annotated[Any, Meta(extra_json_schema=SCALAR)]


class Costs(TypedDict):
    """What trading costs in a backtest."""

    slippage_pct: float
    fee_pct: float
    source: str
    per_strategy: bool


class ExecutionFields(TypedDict):
    """Defaults, glossary and costs."""

    defaults: ExecutionConfig
    param_glossary: dict[str, Entry]
    transaction_costs: Costs
    percent_scale_note: str
