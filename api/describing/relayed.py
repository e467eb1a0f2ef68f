"""Routes that hand a request on: what the server behind them answers passes as it is, its errors stand beside ours."""

from collections.abc import Mapping
from typing import Any

from api.describing import errors, headers

RPC: Mapping[str, Any] = {
    "title": "RpcAnswer",
    "description": "A JSON-RPC answer of the Model Context Protocol.",
    "type": "object",
    "required": ["jsonrpc"],
    "properties": {
        "jsonrpc": {"type": "string", "enum": ["2.0"]},
        "id": {"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}]},
        "result": {"type": "object", "additionalProperties": {"description": "Any JSON value"}},
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {
                "code": {"type": "integer"},
                "message": {"type": "string"},
                "data": {"description": "Any JSON value"},
            },
        },
    },
}
LISTED = {"jsonrpc": "2.0", "id": 1, "result": {"tools": []}}
REFUSED = {"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": "Not Acceptable"}}
STREAM = 'event: message\ndata: {"jsonrpc": "2.0", "id": 1, "result": {"tools": []}}\n\n'
STATUSES = (400, 404, 405, 406, 415, 421)


def of_mcp() -> dict[str, Any]:
    """What such a route may answer beside the errors that every route has."""
    message, either = (
        {"$ref": "#/components/schemas/RpcAnswer"},
        [
            {"$ref": "#/components/schemas/RpcAnswer"},
            {"$ref": "#/components/schemas/Error"},
        ],
    )
    return {
        "200": {
            "description": "The server's answer",
            "headers": headers.sent(),
            "content": {
                "application/json": {"schema": message, "example": LISTED},
                "text/event-stream": {"schema": {"type": "string"}, "example": STREAM},
            },
        },
        "202": {"description": "A notification was taken", "headers": headers.sent()},
        **{
            str(status): {
                "description": errors.ERRORS[status][1],
                "headers": headers.sent(),
                "content": {"application/json": {"schema": {"anyOf": either}, "example": REFUSED}},
            }
            for status in STATUSES
        },
    }


def of_tracking() -> dict[str, Any]:
    """A tracking server's answers: any status, any kind, as it sends them."""
    media = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}, "example": "{}"}}
    return {
        "200": {
            "description": "What the tracking server answers",
            "headers": headers.sent(),
            "content": media,
        },
        "default": {
            "description": "Its own errors, as it sends them",
            "headers": headers.sent(),
            "content": media,
        },
    }
