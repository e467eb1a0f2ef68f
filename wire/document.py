"""A YAML or JSON text that someone else wrote, as plain values; what could mean two things is refused.

Both formats come in by one door: no name given twice, no alias (nothing grows on reading), no tag, no second
document, no more than 64 KiB, no deep nesting. YAML scalars are those of YAML 1.2: ``no`` and dates are texts.
"""

import json
import re
from pathlib import Path
from typing import Any, NoReturn

import yaml

from openoutcry.errors import BadInput

MAX_BYTES = 64 * 1024
MAX_DEPTH = 20


def read_document(path: Path) -> Any:
    """The value of a file. Raises BadInput naming the file and the place in it."""
    name = str(path)
    if not path.is_file():
        problem = "is not a plain file" if path.exists() else "there is no such file"
        raise BadInput(f"{name}: {problem}", field="file")
    try:
        with path.open("rb") as file:
            return parse_document(file.read(MAX_BYTES + 1), name)
    except OSError as error:
        raise BadInput(f"{name}: cannot be read: {error.strerror}", field="file") from error


def parse_document(text: str | bytes, name: str = "text") -> Any:
    """The value of a text: JSON when it begins with a brace or bracket, else YAML. Raises BadInput naming ``name``."""
    if len(text) > MAX_BYTES:
        raise BadInput(f"{name}: is longer than {MAX_BYTES // 1024} KiB", field="file")
    try:
        plain = text.decode("utf-8-sig") if isinstance(text, bytes) else text.removeprefix("\ufeff")
        return _json(plain) if plain.lstrip()[:1] in ("{", "[") else _yaml(plain)
    except _Refused as error:
        raise BadInput(f"{name}: {error}", field="file") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{name}: is not UTF-8 text", field="file") from error


class _Refused(Exception):
    """What is wrong with a text, and where in it."""


def _json(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise _Refused(f"line {error.lineno}, column {error.colno}: not valid JSON: {error.msg}") from error
    except RecursionError as error:
        raise _Refused("is nested too deeply") from error
    except ValueError as error:  # a number of thousands of digits
        raise _Refused(f"not valid JSON: {error}") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _Refused(f"{key[:60]!r} is given twice")
        found[key] = value
    return found


def _no_constant(name: str) -> NoReturn:
    raise _Refused(f"{name} is not a number")


def _yaml(text: str) -> Any:
    try:
        return yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        at = error.problem_mark
        where = f"line {at.line + 1}, column {at.column + 1}: " if at else ""
        raise _Refused(f"{where}{error.problem or error.context or 'not valid YAML'}") from error
    except (yaml.YAMLError, ValueError) as error:
        raise _Refused(f"not valid YAML: {' '.join(str(error).split())}") from error


def _at(place: Any, problem: str) -> yaml.MarkedYAMLError:
    return yaml.constructor.ConstructorError(None, None, problem, place.start_mark)


class _Loader(yaml.SafeLoader):
    """Safe loading without aliases, repeated names, deep nesting, and without YAML 1.1's surprises."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - filled below, as PyYAML wants it
    depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        """A node that is no alias and not too deep."""
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent):
            raise _at(event, "aliases are not taken")
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise _at(event, "is nested too deeply")
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        """A mapping of names, each once."""
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _at(key, "a name must be a plain text")
            if key.value in seen:
                raise _at(key, f"{key.value[:60]!r} is given twice")
            seen.add(key.value)
        return super().construct_mapping(node, deep)


for tag, pattern, first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("int", r"[-+]?(0|[1-9][0-9]*)", "-+0123456789"),
    ("float", r"[-+]?((\.[0-9]+|[0-9]+\.[0-9]*)([eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+)", "-+.0123456789"),
    ("float", r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", "-+."),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(f"(?:{pattern})$"), list(first))
