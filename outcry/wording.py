"""A backtest's request in the words of the command line: options for fields, and settings as they are typed."""

from collections.abc import Mapping, Sequence
from typing import Any

from openoutcry.errors import BadInput
from wire.document import parse_document

OPTIONS: Mapping[str, str] = {
    "strategy_config": "STRATEGY", "strategy_id": "STRATEGY", "strategy_json": "STRATEGY", "start": "--from",
    "end": "--to", "lookback_months": "--months", "interval": "--timeframe", "symbols": "--symbol", "asset": "--symbol",
    "initial_balance": "--capital", "execution_config.initial_balance": "--capital",
    "leverage": "--leverage", "fee_pct": "--fee", "slippage_pct": "--slippage",
    "exchange": "--exchange", "seed": "--seed", "timeout_s": "--timeout", "body": "--request",
}  # fmt: skip
"""What the fields of a body are called on the command line."""
SET = ("execution_config", "parameters")
"""Fields whose parts are given one by one."""
SPLIT = ("fills",)
"""Options that say several fields at once."""


def settings_of(given: Sequence[str]) -> dict[str, Any]:
    """The values of ``--set NAME=VALUE``, read as YAML. Raises BadInput naming ``--set``."""
    found: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise BadInput(f"--set: {text[:80]!r} is not NAME=VALUE", field="--set")
        found[name.strip()] = parse_document(value, "--set")
    return found


def in_words(error: BadInput, options: Mapping[str, str] = OPTIONS) -> BadInput:
    """The same error, naming the option instead of the field."""
    if error.field is None:
        return error
    field, message = error.field.partition("[")[0], str(error).removeprefix(f"{error.field}: ")
    if field in options:
        return BadInput(f"{options[field]}: {message}", field=options[field])
    whole, _, part = field.partition(".")
    if part and whole in SET:
        return BadInput(f"--set {part}: {message}", field="--set")
    if part and whole in options and whole in SPLIT:
        return BadInput(f"{options[whole]}: {part}: {message}", field=options[whole])
    return error
