"""The examples of five products' documents, kept as data: ``documents/<product>.json`` and the lines to run in ``lines/``.

``line`` and ``request_line`` are where a block begins in the document's text, counted from one.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

HERE = Path(__file__).parent
SEEDS = Path(__file__).resolve().parents[4] / "shared" / "seeds"
PRODUCTS = ("ampfi", "alphapulse", "tradai", "mangrove", "cryptofunk")
Kind = Literal["answer", "error", "event", "frame", "request"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One exchange that a document prints; a half it does not print is None."""

    product: str
    kind: Kind
    method: str
    path: str
    status: int | None
    request: Any = None
    request_line: int | None = None
    response: Any = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Model:
    """One data model: field → type, as the document writes both."""

    line: int
    name: str
    fields: dict[str, str]


@cache
def _file(product: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((HERE / "documents" / f"{product}.json").read_text())
    return content


@cache
def examples(product: str) -> tuple[Example, ...]:
    """Every example of a product's document, in its order."""
    return tuple(Example(product=product, **each) for each in _file(product)["examples"])


def example(product: str, line: int) -> Example:
    """The one whose answer (or else request) begins at ``line``."""
    (found,) = (each for each in examples(product) if line in (each.line, each.request_line))
    return found


def models(product: str) -> tuple[Model, ...]:
    """The data models a document writes down."""
    return tuple(Model(**each) for each in _file(product).get("models", ()))


def terms(product: str) -> dict[str, str]:
    """What the values of a document's examples stand for."""
    found: dict[str, str] = _file(product)["terms"]
    return found


def lines_to_run(product: str, ending: str) -> dict[int, str]:
    """Every curl (``sh``) or JavaScript (``js``) passage of a document, by its line."""
    found = (HERE / "lines").glob(f"{product}_*.{ending}")
    return {int(path.stem.partition("_")[2]): path.read_text() for path in sorted(found)}
