"""An MCP server of the floor: what it refuses, it refuses in words a program and a model can act on.

An error is a result with ``isError`` and the JSON text ``{"code", "message", "suggestion", "field"?}``; the codes are
those of the exception tree, and INTERNAL for a crash.
"""

import json
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import Any

import structlog
from mcp.server import MCPServer
from mcp.server.lowlevel.helper_types import ReadResourceContents
from mcp.server.mcpserver.exceptions import ResourceError, ToolError, UnexpectedToolError
from mcp.types import CallToolResult, InputRequiredResult, TextContent
from pydantic import AnyUrl, ValidationError

from openoutcry.errors import BadInput, OpenOutcryError, ToolFailed
from wire.patience import late_by, until

log = structlog.get_logger()

SCOPE_META_KEY = "openoutcry/scope"
"""Where a tool's ``_meta`` says which scope its caller's token must grant."""
SUGGESTIONS = {
    "INVALID_ARGUMENT": "Correct the named field and call again.",
    "DATA_UNAVAILABLE": "Do not guess a value; abstain or ask for another series.",
    "NOT_AUTHORISED": "Use a token that was issued for this server with the needed scope.",
    "VENUE_REJECTED": "The order does not exist and never will; change it before asking again.",
    "VENUE_UNKNOWN": "Nobody knows yet whether the order exists: look it up, never send it again.",
    "VENUE_JOURNAL_BUSY": "A floor runs in this home: ask its own execution server, over HTTP.",
    "INTERNAL": "Nothing in the arguments explains it; the server's log does.",
}


READING: ContextVar[Any] = ContextVar("reading")


def reading() -> Any:
    """The request that a resource is read in: the SDK hands none to a resource with a fixed address."""
    return READING.get()


class FloorServer(MCPServer[Any]):
    """An MCP server whose errors name their code and field, and which refuses arguments it does not know."""

    def add_tool(self, fn: Callable[..., Any], name: str | None = None, *args: Any, **more: Any) -> None:
        """Add a tool; its published schema says that no further arguments are taken."""
        super().add_tool(fn, name, *args, **more)
        registered = self._tool_manager.get_tool(name or fn.__name__)
        if registered is not None:
            registered.parameters["additionalProperties"] = False

    async def call_tool(self, name: str, arguments: dict[str, Any], context: Any = None) -> Any:
        """Call a tool; whatever fails becomes an error result."""
        try:
            registered = self._tool_manager.get_tool(name)
            if registered is None:
                raise BadInput(f"no tool named {name!r}", field="name")
            unknown = sorted(set(arguments) - set(registered.parameters.get("properties", {})))
            if unknown:
                raise BadInput(f"{unknown[0]}: not an argument of {name}", field=unknown[0])
            unless_gone(name, context)
            return await super().call_tool(name, arguments, context)
        except OpenOutcryError as error:
            return error_result(error)
        except ToolError as error:
            cause = error.__cause__
            if isinstance(cause, ValidationError) and not isinstance(error, UnexpectedToolError):
                return error_result(argument_error(cause))
            if isinstance(cause, OpenOutcryError):
                return error_result(cause)
            log.error("tool_crashed", tool=name, error=repr(cause), exc_info=cause)
            return error_result(Crashed(f"{name} failed"))

    async def read_resource(
        self, uri: AnyUrl | str, context: Any = None
    ) -> Iterable[ReadResourceContents] | InputRequiredResult:
        """Read a resource; an expected failure is a protocol error that says its code."""
        READING.set(context)
        try:
            return await super().read_resource(uri, context)
        except ResourceError as error:
            cause = error.__cause__
            if isinstance(cause, OpenOutcryError):
                raise ResourceError(f"{cause.code}: {cause}") from cause
            raise


def unless_gone(name: str, context: Any) -> None:
    """Raises ToolFailed (code DEADLINE) for a call whose caller does not wait any more, as one finds it on waking."""
    late = 0.0 if context is None else late_by(until(context.request_context.meta))
    if late > 0:
        log.warning("call_dropped", tool=name, late_s=round(late, 3))
        raise ToolFailed(name, "DEADLINE", f"its caller stopped waiting {late:.1f} s ago: nothing was done")


class Crashed(OpenOutcryError):
    """A tool raised what it should not have; the text stays in the server's log."""

    code = "INTERNAL"


def argument_error(error: ValidationError) -> BadInput:
    """The first thing wrong with what a caller gave, by the argument's name.

    A rule over several fields has no place of its own: its message begins with the field it is about.
    """
    first = error.errors()[0]
    message = first["msg"].removeprefix("Value error, ")
    if not first["loc"]:
        return BadInput(message, field=message.partition(":")[0])
    field = ".".join(str(part) for part in first["loc"])
    return BadInput(f"{field}: {message}", field=field)


def error_result(error: OpenOutcryError) -> CallToolResult:
    """An error result: a stable code, a message, the field and a suggestion where there is one."""
    body = {"code": error.code, "message": str(error), "suggestion": SUGGESTIONS.get(error.code, "")}
    if isinstance(error, BadInput) and error.field:
        body["field"] = error.field
    return CallToolResult(content=[TextContent(type="text", text=json.dumps(body))], is_error=True)
