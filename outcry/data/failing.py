"""How a data command says what went wrong, and with which exit code."""

import json
from typing import Any

import typer

from db.candles import RowsConflict
from db.candles.importing import BadRows
from openoutcry.errors import BadInput, OpenOutcryError

EXIT_BAD_FILE = 3
EXIT_CONFLICT = 4
EXIT_STORE = 5


def failed(error: OpenOutcryError, *, as_json: bool) -> int:
    """Tell of it, on stdout as JSON or as a line on stderr; the exit code for a file, its rows or the store."""
    body: dict[str, Any] = {"code": error.code, "message": str(error)}
    if isinstance(error, BadInput):
        body["field"] = error.field
    if isinstance(error, BadRows):
        body["rows"] = [{"where": where, "reason": reason} for where, reason in error.faults]
        body["total"] = error.total
    typer.echo(json.dumps({"error": body}) if as_json else f"outcry: {error}", err=not as_json)
    if isinstance(error, RowsConflict):
        return EXIT_CONFLICT
    return EXIT_BAD_FILE if isinstance(error, BadInput) else EXIT_STORE
