"""The envelope in which anything from a tool reaches a model: data with its provenance, never words beside the prompt.

Sentences pass from the two servers alone that write all their own (indicators, risk). Of any other result - news, a memory,
an exchange's names and notes, another agent's reasons - only numbers, times, ids, symbols and single words pass to whoever
votes. Characters that nobody sees are dropped everywhere.
"""

import json
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from openoutcry.types.votes import ToolUse

OWN = frozenset({"indicators", "risk"})
"""Servers that write every text of theirs themselves."""
TOKEN = re.compile(
    r"[-+]?\d[\d.eE+\-]{0,39}"  # a number
    r"|\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?"  # a day, a time
    r"|[0-9a-f]{6,64}"  # a digest
    r"|[A-Z0-9]{2,12}(/[A-Z0-9]{2,12}(:[A-Z0-9]{2,12})?)?"  # an asset, a symbol
    r"|[A-Za-z][A-Za-z0-9_\-]{0,39}",  # one word
    re.ASCII,
)
"""What passes of a text from outside; no sentence."""
WITHHELD = "[text withheld]"
LONGEST_TEXT = 400
UNSEEN = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})


def enveloped(use: ToolUse, limit: int) -> dict[str, Any]:
    """A tool's answer as a model gets it: who said it, as of when, under which id; at most ``limit`` characters of it."""
    server, _, tool = use.tool.partition(".")
    result = shown(use.result, outside=server not in OWN)
    told: dict[str, Any] = {
        "untrusted_data": True,
        "server": server,
        "tool": tool,
        "result_id": use.result_id,
        "as_of": result.get("as_of"),
        "source": result.get("source"),
        "arguments": shown(use.arguments, outside=False),
        "result": result,
    }
    text = json.dumps(result, ensure_ascii=False, separators=(",", ":"), sort_keys=True, default=str)
    if len(text) > limit:
        told["result"] = text[:limit]
        told["cut"] = f"{len(text)} characters in all; ask for less"
    return told


def failed(tool: str, code: str, field: str | None, suggestion: str) -> dict[str, Any]:
    """A refused or failed call: its code and field. The error's own text may be anybody's, and stays out."""
    return {
        "untrusted_data": True,
        "tool": tool if TOKEN.fullmatch(tool) else WITHHELD,
        "error": {
            "code": code if TOKEN.fullmatch(code) else "TOOL_ERROR",
            "field": field if field is not None and TOKEN.fullmatch(field) else None,
            "suggestion": suggestion,
        },
    }


def shown(value: Any, *, outside: bool) -> Any:
    """A value with its texts made harmless; keys are texts too."""
    if isinstance(value, str):
        return WITHHELD if outside and not TOKEN.fullmatch(value) else seen(value)
    if isinstance(value, Mapping):
        return {shown(str(key), outside=outside): shown(item, outside=outside) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [shown(item, outside=outside) for item in value]
    return value


def seen(text: str) -> str:
    """A text without what nobody sees (zero-width, bidirectional, tag and control characters), of bounded length."""
    plain = text
    if not (text.isascii() and text.isprintable()):  # almost every text is, and hides nothing
        plain = "".join(" " if c in "\r\n\t" else c for c in text if c in "\r\n\t" or not hidden(c))
    return plain if len(plain) <= LONGEST_TEXT else plain[:LONGEST_TEXT] + "…"


def hidden(character: str) -> bool:
    """Whether a character changes what a text says without being seen; variation selectors and fillers among them."""
    point = ord(character)
    return (
        unicodedata.category(character) in UNSEEN
        or 0xFE00 <= point <= 0xFE0F
        or 0xE0100 <= point <= 0xE01EF
        or point in (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0, 0x2800)
    )
