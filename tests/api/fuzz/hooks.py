"""What Schemathesis cannot know of our API; it loads this in its own process (SCHEMATHESIS_HOOKS).

Bodies near to the document's example get past the reader and reach what stands behind it. A repeated Idempotency-Key is
answered before a body is read, so most calls get a fresh one. Three services that a floor may lack say so with 503.
"""

import os
import secrets
from collections import Counter
from typing import Any

import schemathesis
from hypothesis import strategies as st
from schemathesis.openapi.checks import UseAfterFree

IDEMPOTENCY_KEY = "Idempotency-Key"
REPEATED = 8
"""One in so many calls keeps the key it was given."""
WORKED = ("/api/v1/data/sync", "/api/v1/backtest", "/api/v2/backtest", "/api/v1/hyperopt")
FRESH = 4
"""So many calls of an operation that a worker answers, in seconds, get fresh keys."""
CALLS = Counter[str]()
EVERY = int(os.environ.get("FUZZ_EVERY", "1"))
"""Of what the coverage phase makes of an operation, one in so many is sent."""
MADE = Counter[str]()
LACKING = "NOT_AVAILABLE"
WAITING = ("ENGINE_WARMING", "DATA_UNAVAILABLE")
"""What waits for a worker says so with 503 when the machine is too busy for it."""


@schemathesis.hook
def flatmap_body(context: Any, body: Any) -> st.SearchStrategy[Any]:
    """As it is; or the document's example with some of its fields instead."""
    example = _example(context.operation)
    if not example or not isinstance(body, dict):
        return st.just(body)
    taken = st.just(set[str]()) | (
        st.sets(st.sampled_from(sorted(body)), max_size=2) if body else st.nothing()
    )
    near = taken.map(lambda some: {**example, **{name: body[name] for name in some}})
    return st.just(body) | near | st.tuples(near, st.integers(1, 10**9)).map(_renamed)


@schemathesis.hook
def flatmap_query(context: Any, query: Any) -> st.SearchStrategy[Any]:
    """As it is; or what must be there alone: a list without filters has something in it."""
    needed = {each.name for each in context.operation.query.items if each.is_required}
    return st.just(query) | st.just({name: value for name, value in (query or {}).items() if name in needed})


@schemathesis.hook
def filter_case(context: Any, case: Any) -> bool:
    """Whether to send it: of the coverage phase's, what they all begin with and every so many after it."""
    if case.meta is None or case.meta.phase.name != "coverage":
        return True
    MADE[context.operation.label] += 1
    return (MADE[context.operation.label] - 1) % EVERY == 0


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    """Most keys are fresh."""
    if not (case.headers and case.headers.get(IDEMPOTENCY_KEY)):
        return
    CALLS[case.operation.label] += 1
    number = CALLS[case.operation.label]
    if number <= FRESH if case.operation.path.startswith(WORKED) else number % REPEATED:
        case.headers[IDEMPOTENCY_KEY] = secrets.token_hex(16)


@schemathesis.hook
def filter_failure(context: Any, failure: Any, case: Any, response: Any) -> bool:
    """Whether this is a failure: a service that is documented as lacking here is none, nor is a worker that takes long, nor
    a deleted strategy that is shown as archived: that is what DELETE says it does.
    """
    if isinstance(failure, UseAfterFree):
        return not (response.status_code == 200 and response.json().get("archived") is True)
    return not (response.status_code == 503 and response.json()["code"] in (LACKING, *WAITING))


def _renamed(made: tuple[dict[str, Any], int]) -> dict[str, Any]:
    """With a name that nothing has yet: most of what is made here may be there once."""
    body, number = made
    return {**body, "name": f"n{number}"} if isinstance(body.get("name"), str) else body


def _example(operation: Any) -> dict[str, Any] | None:
    content = operation.definition.raw.get("requestBody", {}).get("content", {})
    for media in content.values():
        if isinstance(media.get("example"), dict):
            return dict(media["example"])
    return None
