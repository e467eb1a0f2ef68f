"""Python types as JSON schemas: what bodies must be and what answers are, with every field that is always there."""

import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from api.amounts import Number
from api.bodies import Body
from api.shapes.base import Shape

Schema = dict[str, Any]
REF = "#/components/schemas/"
ANY: Mapping[str, Any] = {"description": "Any JSON value"}
AMOUNT: Mapping[str, Any] = {
    "anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^-?[0-9]{1,18}(\.[0-9]{1,18})?$"}]
}
"""An amount of a request: a number or a plain decimal string, read exactly."""


@dataclass(frozen=True)
class Schemas:
    """The schemas of some types, and the components they refer to."""

    of: Mapping[Any, Schema]
    components: dict[str, Schema] = field(default_factory=dict)


def schemas(types: Sequence[Any]) -> Schemas:
    """One JSON schema for each type; structs are components, referred to by name."""
    wanted = list(dict.fromkeys(types))
    made, components = msgspec.json.schema_components(wanted, schema_hook=_hook, ref_template=REF + "{name}")
    for kind in _structs(wanted):
        if (schema := components.get(_name(kind, components))) is not None:
            _complete(schema, kind)
    for schema in (*made, *components.values()):
        _plain(schema)
    return Schemas(dict(zip(wanted, made, strict=True)), dict(components))


def _hook(kind: type) -> Schema:
    if issubclass(kind, Number):
        return dict(AMOUNT)
    if kind is object:
        return dict(ANY)
    raise NotImplementedError(kind)


def _name(kind: type, components: Mapping[str, Schema]) -> str:
    """The component's name: the class's own, or the long one that msgspec gives to one of two namesakes."""
    return kind.__name__ if kind.__name__ in components else f"{kind.__module__}.{kind.__qualname__}"


def _structs(types: Sequence[Any]) -> Iterator[type[msgspec.Struct]]:
    """Every struct among ``types`` and inside them."""
    seen: set[type] = set()
    waiting: list[Any] = list(msgspec.inspect.multi_type_info(types))
    while waiting:
        info = waiting.pop()
        if isinstance(info, msgspec.inspect.StructType):
            if info.cls in seen:
                continue
            seen.add(info.cls)
            yield info.cls
            waiting += [each.type for each in info.fields]
        for part in ("type", "item_type", "key_type", "value_type"):
            if isinstance(inner := getattr(info, part, None), msgspec.inspect.Type):
                waiting.append(inner)
        for part in ("types", "item_types"):
            waiting += getattr(info, part, ())


def _complete(schema: Schema, kind: type[msgspec.Struct]) -> None:
    """Answers have every field; a body's optional fields may be null, which counts as left out."""
    schema["description"] = _prose(inspect.getdoc(kind) or "")
    fields = msgspec.structs.fields(kind)
    if issubclass(kind, Body):
        for each in (each for each in fields if not each.required):
            schema["properties"][each.encode_name] = _or_null(schema["properties"][each.encode_name])
    elif issubclass(kind, Shape) and not kind.__struct_config__.omit_defaults:
        schema["required"] = [each.encode_name for each in fields if each.default is not msgspec.UNSET]


def _or_null(schema: Schema) -> Schema:
    branches = schema.get("anyOf", [schema])
    if not schema or any(branch.get("type") == "null" for branch in branches):
        return schema
    default = schema.pop("default", None)
    made: Schema = {"anyOf": [*branches, {"type": "null"}]}
    return {**made, "default": default} if isinstance(default, bool | int | float | str) else made


def _plain(schema: Any) -> None:
    """Decimals are JSON numbers; what may be anything says so."""
    if isinstance(schema, list):
        for item in schema:
            _plain(item)
    if not isinstance(schema, dict):
        return
    if schema.get("format") == "decimal":
        schema["type"] = "number"
        del schema["format"]
    if schema.get("type") == "object" and not schema.keys() & {"properties", "additionalProperties"}:
        schema["additionalProperties"] = {}
    if schema.get("type") == "array" and "items" not in schema and "prefixItems" not in schema:
        schema["items"] = {}
    for key, value in schema.items():
        if key in ("items", "additionalProperties") and value == {}:
            schema[key] = dict(ANY)
        elif key == "properties":
            for name, inner in value.items():
                value[name] = inner or dict(ANY)
                _plain(inner)
        else:
            _plain(value)


def _prose(text: str) -> str:
    return " ".join(text.split()).replace("``", "`")
