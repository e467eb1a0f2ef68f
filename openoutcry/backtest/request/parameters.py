"""A strategy's parameters, changed by name: ``window``, ``rsi_oversold.window``, ``entry[0].params.window``."""

import copy
import re
from collections.abc import Mapping
from typing import Any

from openoutcry.errors import BadInput
from openoutcry.strategy.execution import ExecutionConfig
from openoutcry.strategy.strict import nearest

PATH = re.compile(r"(entry|exit)\[(\d{1,3})\]\.params\.(\w+)", re.ASCII)
Place = tuple[str, int, str]
"""Part, rule, parameter."""


def with_parameters(
    body: Mapping[str, Any], parameters: Mapping[str, Any], field: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The body of a rules strategy with its parameters changed, and those that are execution fields apart.

    A bare name must belong to one rule only. Raises BadInput naming ``field.<name>``.
    """
    made = copy.deepcopy(dict(body))
    names = _names(made)
    execution: dict[str, Any] = {}
    for name, value in parameters.items():
        key = name.removeprefix("execution_config.")
        if key in ExecutionConfig.model_fields:
            execution[key] = value
            continue
        places = names.get(name, [])
        if len(places) != 1:
            raise _unclear(name, places, names, field)
        part, rule, parameter = places[0]
        made[part][rule]["params"][parameter] = value
    return made, execution


def _names(body: Mapping[str, Any]) -> dict[str, list[Place]]:
    found: dict[str, list[Place]] = {}
    for part in ("entry", "exit"):
        for number, rule in enumerate(body.get(part, ())):
            for parameter in rule["params"]:
                for name in (
                    parameter,
                    f"{rule['name']}.{parameter}",
                    f"{part}[{number}].params.{parameter}",
                ):
                    found.setdefault(name, []).append((part, number, parameter))
    return found


def _unclear(name: str, places: list[Place], names: Mapping[str, list[Place]], field: str) -> BadInput:
    where = f"{field}.{name[:60]}"
    if not places:
        return BadInput(f"{where}: the strategy has no such parameter{nearest(name, names)}", field=where)
    options = " or ".join(f"{part}[{rule}].params.{parameter}" for part, rule, parameter in places)
    return BadInput(f"{where}: could be {options}; name one of them", field=where)
