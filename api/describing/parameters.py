"""Parameters as the document shows them: a plain schema, bounds that are whole, an example."""

from collections.abc import Mapping
from typing import Any

from api.describing.samples import sample
from api.dialects import DIALECTS, PLAIN

IDEMPOTENCY_KEY: Mapping[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Repeat safely: the same key and body give the first answer, another body is refused (422).",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]{1,200}$"},
    "example": "order-2025-01-15-0001",
}
DIALECT: Mapping[str, Any] = {
    "name": "X-API-Dialect",
    "in": "header",
    "required": False,
    "description": "Whose client asks, where two products' documents cannot both be followed.",
    "schema": {"type": "string", "enum": list(DIALECTS)},
    "example": PLAIN,
}
DAY = "2025-01-15T00:00:00Z"
KNOWN: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "session_id": ("Only this trading session.", {"format": "uuid"}),
    "limit": ("At most this many.", {}),
    "offset": ("How many to skip.", {}),
    "skip": ("How many to skip; the same as offset.", {}),
    "anchor": ("`X-Page-Anchor` of the first page: leaves out what came in since.", {"maxLength": 2000}),
    "exchange": ("An exchange's id, e.g. binance.", {}),
    "timeframe": ("Length of a bar: 1m, 5m, 15m, 1h, 4h, 1d.", {}),
    "stage": ("A stage of the registry.", {"enum": ["dev", "staging", "prod"]}),
    "search": ("Text in the name or the description.", {}),
    "min_sharpe": ("Only with a Sharpe ratio of at least this.", {}),
    "max_drawdown": (
        "Only with a drawdown of at most this, as a fraction or in percent, of either sign.",
        {},
    ),
    "sort_order": ("asc or desc.", {"enum": ["asc", "desc"]}),
    "acknowledged": ("Only those that were, or were not, acknowledged.", {}),
    "decision_type": ("Only decisions of this type.", {}),
    "model": ("Only decisions of this model.", {}),
    "agent_name": ("Only decisions of this agent.", {}),
    "include_history": ("Thirty days of history too.", {}),
    "refresh": ("Read everything again; nothing is kept, so it changes nothing.", {}),
    "start_time": ("Not before this time (RFC 3339).", {"format": "date-time"}),
    "end_time": ("Not after this time (RFC 3339).", {"format": "date-time"}),
    "from_date": ("Not before this time (RFC 3339).", {"format": "date-time"}),
    "to_date": ("Not after this time (RFC 3339).", {"format": "date-time"}),
    "job_id": ("The job's id.", {"format": "uuid"}),
    "actor": ("Only what this person, program or key did.", {}),
    "days": ("Days to look back.", {}),
    "instance_id": ("The instance's id.", {"format": "uuid"}),
    "path": ("What of the tracking server is asked for, with everything below it.", {}),
    "backtest_id": ("The run's id.", {"format": "uuid"}),
}
"""What a parameter means wherever it stands, where its route does not say it; and what its text must be."""
BY_NAME = frozenset({"agents", "models", "signals", "strategies"})
IDLE = ("deprecated", "allowEmptyValue", "allowReserved")
BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")


def parameter(made: Mapping[str, Any], path: str) -> dict[str, Any]:
    """A parameter of an operation as litestar describes it, in our form."""
    found = {key: value for key, value in made.items() if key not in IDLE}
    name = found["name"]
    description, more = KNOWN.get(name, _named_by_its_place(name, path))
    found.setdefault("description", description)
    schema = {**_schema(dict(found["schema"])), **more}
    found["schema"] = schema
    found["required"] = bool(found.get("required"))
    found["example"] = sample(schema, {}, found["name"])
    return found


def _named_by_its_place(name: str, path: str) -> tuple[str, Mapping[str, Any]]:
    """What ``{id}`` or ``{name}`` is, by the word before it: ``/orders/{id}``."""
    place = path.partition("/{" + name + "}")[0].rpartition("/")[2]
    one = place.replace("-", " ").removesuffix("s") or "thing"
    if name == "id":
        return (f"The {one}'s id.", {"format": "uuid"})
    return (f"The {one}'s name." if place in BY_NAME else "", {})


def _schema(schema: dict[str, Any]) -> dict[str, Any]:
    """Without the null that only means "left out", without repeating the description."""
    schema.pop("description", None)
    for key in ("oneOf", "anyOf"):
        if key in schema:
            branches = [branch for branch in schema.pop(key) if branch.get("type") != "null"]
            if len(branches) == 1:
                schema = {**branches[0], **schema}
            else:
                schema["anyOf"] = branches
    if schema.get("default", ...) is None:
        del schema["default"]
    for bound in BOUNDS:
        if isinstance(value := schema.get(bound), float) and value.is_integer():
            schema[bound] = int(value)
    if schema.get("type") == ["string", "null"]:
        schema["type"] = "string"
    return schema
