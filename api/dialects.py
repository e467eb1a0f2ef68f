"""Five products' documents, one API: the only place that knows which of them a caller speaks.

A caller says so (``X-API-Dialect``), or comes to the port that product listens on, or asks for a path that one product
owns, in this order. Handlers answer with supersets and know nothing of it; what cannot be a superset is decided here:
what ``error`` means, how a missing credential is called, and how long a page is when nobody says.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal, get_args

Dialect = Literal["ampfi", "alphapulse", "tradai", "mangrove", "cryptofunk"]
DIALECTS: tuple[Dialect, ...] = get_args(Dialect)
HEADER = b"x-api-dialect"
PLAIN: Dialect = "cryptofunk"
"""Spoken where nothing says otherwise."""
PORTS: Mapping[int, Dialect] = {8000: "tradai", 18001: "alphapulse", 5001: "mangrove"}
"""Where each product's own documents say it listens. CryptoFunk's 8080 is everybody's."""
OWNED: tuple[tuple[str, Dialect], ...] = (
    ("/api/v1/public/", "ampfi"),
    ("/token", "alphapulse"),
    ("/api/v1/positions/spot", "alphapulse"),
    ("/api/v1/positions/futures", "alphapulse"),
    ("/api/v1/positions/metrics", "alphapulse"),
    ("/api/v1/risk", "alphapulse"),
    ("/api/v1/hedging", "alphapulse"),
    ("/api/v1/portfolio", "alphapulse"),
    ("/api/v1/metrics", "alphapulse"),
    ("/api/v1/regime", "alphapulse"),
    ("/api/v1/alerts", "alphapulse"),
    ("/api/v1/system", "alphapulse"),
    ("/api/v1/correlation", "alphapulse"),
    ("/oauth2", "tradai"),
    ("/api/v1/backtests", "tradai"),
    ("/api/v1/hyperopt", "tradai"),
    ("/api/v1/catalog", "tradai"),
    ("/api/v1/data", "tradai"),
    ("/api/v1/models", "tradai"),
    ("/mlflow", "tradai"),
    ("/api/documents", "mangrove"),
    ("/api/search", "mangrove"),
    ("/api/tags", "mangrove"),
    ("/api/glossary", "mangrove"),
    ("/api/backlinks", "mangrove"),
    ("/api/signals", "mangrove"),
    ("/api/indicators", "mangrove"),
    ("/api/evaluate", "mangrove"),
    ("/api/compute", "mangrove"),
    ("/api/v2", "mangrove"),
    ("/api/v1/strategies", "mangrove"),
    ("/api/v1/signals", "mangrove"),
    ("/api/v1/execution", "mangrove"),
    ("/api/v1/crypto-assets", "mangrove"),
    ("/api/v1/market-data", "mangrove"),
    ("/api/v1/auth", "mangrove"),
    ("/api/v1/config/", "mangrove"),
)
CATEGORY: Mapping[int, str] = {
    400: "VALIDATION_ERROR",
    401: "AUTH_REQUIRED",
    403: "PERMISSION_DENIED",
    404: "RESOURCE_NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    409: "CONFLICT",
    422: "UNPROCESSABLE",
    429: "RATE_LIMITED",
    500: "INTERNAL_ERROR",
    503: "SERVICE_UNAVAILABLE",
}
"""Mangrove's ``error``: a category, where the others have a sentence."""
PLAIN_CODES = frozenset({"UNAUTHORIZED", "FORBIDDEN", "NOT_FOUND", "INVALID_ARGUMENT"})
"""Codes of ours that say no more than the status: Mangrove's category takes their place."""
MISSING: Mapping[Dialect, str] = {
    "ampfi": "INVALID_ARGUMENT",
    "alphapulse": "INVALID_ARGUMENT",
    "cryptofunk": "INVALID_ARGUMENT",
    "tradai": "VAL004",
}
"""What a missing field's code is, where it is not MISSING_FIELD."""
FAULT: Mapping[Dialect, str] = {"ampfi": "Failed to generate trading strategy"}
"""What a fault of ours is called, where a document says."""
NO_CREDENTIALS: Mapping[Dialect, tuple[str, str]] = {
    "ampfi": ("Invalid bearer token", "INVALID_BEARER_TOKEN"),
    "alphapulse": ("Could not validate credentials", "UNAUTHORIZED"),
    "tradai": ("authentication required", "UNAUTHORIZED"),
    "mangrove": ("authentication required", "AUTH_REQUIRED"),
    "cryptofunk": ("authentication required", "UNAUTHORIZED"),
}
NOT_ALLOWED: Mapping[Dialect, tuple[str, str]] = {
    **dict.fromkeys(DIALECTS, ("forbidden", "FORBIDDEN")),
    "alphapulse": ("Not authorized to access this resource", "FORBIDDEN"),
    "mangrove": ("permission denied", "PERMISSION_DENIED"),
}


def spoken(
    headers: Any, port: int | None, path: str, ports: Mapping[int, Dialect]
) -> tuple[Dialect | None, bool]:
    """The dialect of a request and whether it was asked for; None when its header names one that does not exist."""
    for name, value in headers:
        if name == HEADER:
            said = value.decode("latin-1").strip().lower()
            return next((dialect for dialect in DIALECTS if dialect == said), None), True
    if port is not None and port in ports:
        return ports[port], True
    return _owner(path), False


@lru_cache(maxsize=1024)
def _owner(path: str) -> Dialect:
    return next((owner for prefix, owner in OWNED if path.startswith(prefix)), PLAIN)


def dialect_of(scope: Any) -> Dialect:
    """The dialect that was found when the request came in."""
    dialect: Dialect = scope["state"].get("dialect", PLAIN)
    return dialect


def error_body(body: Mapping[str, Any], status: int, dialect: Dialect) -> dict[str, Any]:
    """The error envelope as the dialect has it."""
    if body["code"] == "MISSING_FIELD" and dialect in MISSING:
        return {**body, "code": MISSING[dialect]}
    if dialect != "mangrove":
        return dict(body)
    category = CATEGORY.get(status) or str(body["code"])
    if body["code"] == "MISSING_FIELD":
        return {**body, "error": category}
    return {**body, "error": category, "code": category if body["code"] in PLAIN_CODES else body["code"]}


def page_limit(scope: Any, given: Mapping[str, Any], default: int) -> int:
    """How many rows a page of strategies has when nobody says: Mangrove's clients (or ``skip``) expect a hundred."""
    return 100 if _mangrove_pages(scope, given) else default


def page_most(scope: Any, given: Mapping[str, Any]) -> int:
    """The longest page of strategies: TradAI's document says a hundred, Mangrove's sets no bound of its own."""
    return 1000 if _mangrove_pages(scope, given) else 100


def _mangrove_pages(scope: Any, given: Mapping[str, Any]) -> bool:
    return "skip" in given or (dialect_of(scope) == "mangrove" and _asked(scope))


def _asked(scope: Any) -> bool:
    """True when the dialect was asked for, by header or port, and not only guessed from the path."""
    return bool(scope["state"].get("dialect_asked"))
