"""What the registry stores of a strategy: its canonical body, whichever kind it is.

A body holds everything a run needs, the whole execution config included, so that what the defaults say later changes
no version. Read again, it gives the same strategy and the same hash.
"""

import re
from collections.abc import Mapping
from typing import Any, Literal

from openoutcry.canonical import digest
from openoutcry.errors import BadInput
from openoutcry.strategy.defaults import TradingDefaults
from openoutcry.strategy.naming import MOST_NAME, slug
from openoutcry.strategy.reading import MOST_DESCRIPTION, TYPES
from openoutcry.strategy.rules import RuleStrategy, parse_strategy
from openoutcry.strategy.strict import BadStrategy, Problem, bound, nearest, shown
from openoutcry.types.frozen import Frozen
from openoutcry.types.timeframes import parse_timeframe

Kind = Literal["rules", "code"]
RULES_MARKS = ("entry", "asset")
"""A mapping with one of these is a rules strategy; any other names code."""
CODE_FIELDS = ("name", "entry_point", "parameters", "timeframe", "category", "strategy_type", "description")
ENTRY_POINT = re.compile(r"[A-Za-z_][\w.\-]{0,99}", re.ASCII)
NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 ._+()\-]{0,98}[A-Za-z0-9._+)\-])?", re.ASCII)
UUID_LIKE = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-fA-F]{32}", re.ASCII)
CATEGORIES: Mapping[str, str] = {"trend": "trend_following", **{name: name for name in TYPES}}


class Definition(Frozen):
    """A strategy as it is stored. ``body`` is canonical; ``content_hash`` leaves the name out."""

    kind: Kind
    name: str
    asset: str | None
    timeframe: str | None
    strategy_type: str | None
    description: str
    body: dict[str, Any]
    content_hash: str


def read(mapping: object, defaults: TradingDefaults) -> Definition:
    """The definition of a mapping from outside. Raises BadStrategy with all that is wrong."""
    if isinstance(mapping, Mapping) and not any(mark in mapping for mark in RULES_MARKS):
        return _of_code(mapping)
    return of_rules(parse_strategy(mapping, defaults))


def of_rules(strategy: RuleStrategy) -> Definition:
    """The definition of a rules strategy."""
    config = strategy.execution_config.model_dump(mode="json")
    body = {**strategy.rules(), "name": strategy.title.strip(), "execution_config": config}
    for name in ("description", "strategy_type"):
        if value := getattr(strategy, name):
            body[name] = value
    return Definition(
        kind="rules",
        name=read_name(strategy.title),
        asset=strategy.asset,
        timeframe=strategy.timeframe,
        strategy_type=strategy.strategy_type,
        description=strategy.description,
        body=body,
        content_hash=strategy.content_hash,
    )


def read_name(text: object, *, field: str = "name") -> str:
    """A name the registry takes: it stands in addresses and on the command line, and is no id. Raises BadInput."""
    name = text.strip() if isinstance(text, str) else ""
    if not NAME.fullmatch(name) or UUID_LIKE.fullmatch(name):
        raise BadInput(
            f"{field}: must be 1 to {MOST_NAME} letters, digits, spaces and . _ - + ( ), beginning with a letter or "
            f"digit, and no id: not {shown(text)}",
            field=field,
        )
    slug(name, field=field)
    return name


def _of_code(mapping: Mapping[str, Any]) -> Definition:
    bound(mapping, "strategy")
    problems = [
        Problem(str(key)[:60], f"a strategy has no such field{nearest(str(key), CODE_FIELDS)}")
        for key in mapping
        if key not in CODE_FIELDS
    ]
    read: dict[str, Any] = {}
    for field, reader in _CODE.items():
        try:
            read[field] = reader(mapping.get(field), field)
        except BadInput as error:
            problems.append(Problem(error.field or field, str(error).removeprefix(f"{error.field}: ")))
    if problems:
        raise BadStrategy.of(problems)
    body = {name: value for name, value in read.items() if value is not None and name != "category"}
    kind = read["strategy_type"] or read["category"]
    return Definition(
        kind="code",
        name=read["name"],
        asset=None,
        timeframe=read["timeframe"],
        strategy_type=kind,
        description=read["description"],
        body={**body, **({"strategy_type": kind} if kind else {})},
        content_hash=digest(
            {key: body[key] for key in ("entry_point", "parameters", "timeframe") if key in body}
        ),
    )


def _entry_point(value: object, field: str) -> str:
    if not isinstance(value, str) or not ENTRY_POINT.fullmatch(value):
        raise BadInput(
            f"{field}: must name an installed strategy, such as my_package.trend, not {shown(value)}",
            field=field,
        )
    return value


def _parameters(value: object, field: str) -> dict[str, Any]:
    if value is not None and not isinstance(value, Mapping):
        raise BadInput(f"{field}: must be a mapping of parameters, not {shown(value)}", field=field)
    return dict(value or {})


def _category(value: object, field: str) -> str | None:
    if value is None:
        return None
    key = value.strip().lower().replace("-", "_") if isinstance(value, str) else ""
    if key not in CATEGORIES:
        raise BadInput(f"{field}: must be one of {', '.join(TYPES)}, not {shown(value)}", field=field)
    return CATEGORIES[key]


def _text(value: object, field: str) -> str:
    if value is not None and (not isinstance(value, str) or len(value) > MOST_DESCRIPTION):
        raise BadInput(f"{field}: must be a text of at most {MOST_DESCRIPTION:,} characters", field=field)
    return (value or "").strip()


_CODE: Mapping[str, Any] = {
    "name": lambda value, field: read_name(value, field=field),
    "entry_point": _entry_point,
    "parameters": _parameters,
    "timeframe": lambda value, field: None if value is None else parse_timeframe(value, field=field),
    "category": _category,
    "strategy_type": _category,
    "description": _text,
}
