"""``/api/v1/auth/logout``: ends a person's login, with every token given for it."""

from litestar import post

from api.access import caller_of
from api.failures import Failure
from api.floor import TheFloor
from api.requests import AnyRequest
from api.shapes.base import Shape
from db.identity import refreshing


class LoggedOut(Shape, frozen=True, kw_only=True):
    """It is over."""

    success: bool = True
    message: str = "Logged out"


@post("/api/v1/auth/logout", tags=["auth"], status_code=200, errors=(400,))
async def logout(request: AnyRequest, floor: TheFloor) -> LoggedOut:
    """End the login this access token was given for: it and its refresh token are good no more, open sockets close."""
    login = caller_of(request).login
    if login is None:
        details = "an API key is revoked, a program's token expires: only a person's login can be ended"
        raise Failure(400, "not logged in", code="NOT_LOGGED_IN", details=details)
    await refreshing.end(floor.doorman.pool, login)
    floor.keys.forget_login(login)
    return LoggedOut()


HANDLERS = [logout]
