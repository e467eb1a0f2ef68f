"""Deny by default: every route needs a key with the route's role, unless it declares itself ``public``.

A route says ``role="trader"`` or ``public=True`` in its decorator; nothing said means ``viewer``. It may name a
``permission`` as well (AlphaPulse's or Mangrove's word for it) and a ``plan`` its org must have. A key made for some
scopes reaches only routes that name one of them. ``bearer=True`` takes credentials as ``Authorization: Bearer`` only.
"""

from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from api.dialects import NO_CREDENTIALS, NOT_ALLOWED, dialect_of
from api.failures import Failure, database_unavailable
from api.identity import may
from db.identity.holder import Holder
from db.identity.orgs import PLANS

CHALLENGE = {"WWW-Authenticate": 'Bearer realm="open-outcry"'}


def authorise(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Stands before every route. Raises Failure 401, 403, or 503 when keys cannot be checked."""
    if handler.opt.get("public") or connection.scope.get("method") == "OPTIONS":
        return
    state = connection.scope["state"]
    if "auth_fault" in state:
        raise database_unavailable()
    identity: Holder | None = state["identity"]
    if identity is not None and handler.opt.get("bearer") and not _may_carry(connection, identity):
        identity = None
    if identity is None:
        error, code = NO_CREDENTIALS[dialect_of(connection.scope)]
        raise Failure(
            401,
            error,
            code=code,
            details="send an API key as 'Authorization: Bearer <key>' or 'X-API-Key: <key>'",
            headers=CHALLENGE,
        )
    role = handler.opt.get("role", "viewer")
    if not may(identity, role):
        error, code = NOT_ALLOWED[dialect_of(connection.scope)]
        raise Failure(
            403,
            error,
            code=code,
            details=f"this needs the role {role}; '{identity.name}' has {identity.role}",
        )
    permission = handler.opt.get("permission")
    if handler.opt.get("within"):  # the route asks for permissions itself, by what it is asked for
        return
    lacks = permission not in identity.permissions if permission else identity.scopes is not None
    if lacks:
        needed = f"the permission {permission}" if permission else "a key that is not limited to scopes"
        error, code = NOT_ALLOWED[dialect_of(connection.scope)]
        raise Failure(403, error, code=code, details=f"this needs {needed}; '{identity.name}' has it not")
    plan = handler.opt.get("plan")
    if plan is not None and PLANS.index(identity.plan) < PLANS.index(plan):
        raise Failure(
            403,
            f"{plan.capitalize()} plan required",
            code=f"{plan.upper()}_PLAN_REQUIRED",
            message=f"This endpoint is only available to users with an {plan} plan subscription",
        )


def _may_carry(connection: ASGIConnection[Any, Any, Any, Any], identity: Holder) -> bool:
    """Whether a route that only takes bearers takes this caller: by that header, or because the door is open."""
    return identity.kind == "open" or "authorization" in connection.headers


def caller_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Holder:
    """The identity behind a request that passed ``authorise`` on a route that is not public."""
    identity: Holder = connection.scope["state"]["identity"]
    return identity
