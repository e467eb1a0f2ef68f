"""Faults on demand: rules that spoil answers and streams the way real exchanges do."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError

ANSWERS = {
    "hang": "take the request, never answer",
    "reset": "take it, then reset the connection",
    "close": "take it, then close the connection without a byte",
    "cut": "announce the whole body, send half of it, close",
    "status": "answer with another HTTP status (`status`, `body`)",
    "html": "answer 200 with an HTML page",
    "empty": "answer 200 with no body",
    "braces": "answer 200 with {}",
    "nulls": "answer 200 with every value null",
    "garbage": "answer 200 with JSON that breaks off",
    "foreign": "answer with another order's ids, wherever the answer names one",
    "code": "answer with a Binance error (`code`, `message`, `status`)",
    "ack": "acknowledge an order without saying what became of it",
    "limited": "answer 429 or 418 (`status`) with Retry-After (`seconds`), and ban the address until then",
    "slow": "answer after `seconds`",
    "drip": "answer one byte every `seconds`",
    "huge": "answer with `bytes` of blanks before the body",
    "birth": "accept the order, but find it only after `seconds`",
}
STREAMS = {
    "drop": "leave messages out",
    "duplicate": "send messages twice",
    "late": "send messages after `seconds`",
    "reorder": "hold a message back until the next one is sent",
    "silent": "keep the socket open and send nothing",
    "disconnect": "close the socket instead of sending",
}
NEEDED = {
    "limited": "seconds", "slow": "seconds", "drip": "seconds", "birth": "seconds", "late": "seconds", "huge": "bytes",
}  # fmt: skip
LIMITED = (429, 418)
NUMBERS = ("orderId", "algoId")
NAMES = ("clientOrderId", "origClientOrderId", "clientAlgoId")
ACKNOWLEDGED = ("symbol", *NUMBERS, "orderListId", *NAMES, "transactTime", "updateTime")


class Fault(BaseModel):
    """One rule. It acts on the ``skip``-th to the ``skip + times``-th request (or message) that matches; 0 times: always.

    ``accept`` false keeps the request from reaching the exchange at all. Whatever the answer, an order that was accepted is
    found only ``born`` seconds later.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    kind: str
    method: str = Field("", max_length=10)
    path: str = Field("", max_length=200)
    stream: str = Field("", max_length=200)
    symbol: str = Field("", max_length=20)
    accept: bool = True
    times: int = Field(1, ge=0, le=10**6)
    skip: int = Field(0, ge=0, le=10**6)
    seconds: float = Field(0.0, ge=0.0, le=86_400.0)
    status: int = Field(500, ge=200, le=599)
    code: int = -1007
    message: str = (
        "Timeout waiting for response from backend server. Send status unknown; execution status unknown."
    )
    body: str = Field("", max_length=100_000)
    bytes: int = Field(0, ge=0, le=10**9)
    born: float = Field(0.0, ge=0.0, le=86_400.0)
    _id: int = PrivateAttr(0)
    _seen: int = PrivateAttr(0)

    def acts(self) -> bool:
        """Count one more match, and say whether the rule acts on it."""
        self._seen += 1
        return self._seen > self.skip and (not self.times or self._seen <= self.skip + self.times)

    def shown(self) -> dict[str, object]:
        return {"id": self._id, "seen": self._seen, **self.model_dump()}


@dataclass
class Faults:
    """Rules in the order in which they were added; the first that matches and acts wins."""

    rules: list[Fault] = field(default_factory=list)
    acted: list[tuple[int, str]] = field(default_factory=list)
    _next: int = 0

    def add(self, values: Mapping[str, object]) -> Fault:
        """A rule from JSON. Raises ValueError naming the field that is not allowed."""
        try:
            rule = Fault.model_validate(values)
        except ValidationError as error:
            first = error.errors()[0]
            raise ValueError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
        if wrong := misfit(rule):
            raise ValueError(wrong)
        self._next += 1
        rule._id = self._next
        self.rules.append(rule)
        return rule

    def remove(self, rule_id: int | None) -> int:
        """Take one rule back, or all; returns how many there were."""
        before = len(self.rules)
        self.rules = [] if rule_id is None else [rule for rule in self.rules if rule._id != rule_id]
        return before - len(self.rules)

    def for_request(self, method: str, path: str, symbol: str) -> Fault | None:
        """The rule that acts on a request."""
        for rule in self.rules:
            fits = rule.kind in ANSWERS and rule.method in ("", method) and rule.path in ("", path)
            if fits and rule.symbol in ("", symbol) and rule.acts():
                self.acted.append((rule._id, f"{method} {path}"))
                return rule
        return None

    def for_message(self, stream: str) -> Fault | None:
        """The rule that acts on a message of a stream: ``user`` for a user's own, else the stream's name or a part of it."""
        for rule in self.rules:
            if rule.kind in STREAMS and rule.stream in stream and rule.acts():
                self.acted.append((rule._id, stream))
                return rule
        return None


def misfit(rule: Fault) -> str:
    """Why a rule would not do what its words say; empty when it would."""
    if rule.kind not in ANSWERS and rule.kind not in STREAMS:
        return f"kind: must be one of {', '.join([*ANSWERS, *STREAMS])}"
    foreign = ("stream",) if rule.kind in ANSWERS else ("method", "path", "symbol")
    for name in foreign:
        if getattr(rule, name):
            return f"{name}: says nothing to '{rule.kind}'"
    needed = NEEDED.get(rule.kind)
    if needed and not getattr(rule, needed):
        return f"{needed}: '{rule.kind}' needs it"
    if rule.kind == "limited" and "status" in rule.model_fields_set and rule.status not in LIMITED:
        return "status: 'limited' answers 429 or 418"
    return ""


def spoiled(rule: Fault, value: object) -> bytes:
    """The body that a rule sends in place of the honest one."""
    honest = json.dumps(value).encode()
    match rule.kind:
        case "html":
            return b"<html><head><title>502 Bad Gateway</title></head><body><h1>cloudflare</h1></body></html>"
        case "empty":
            return b""
        case "braces":
            return b"{}"
        case "nulls":
            return json.dumps(emptied(value)).encode()
        case "garbage":
            return honest[: max(1, len(honest) // 2)]
        case "foreign":
            return json.dumps(each_order(value, another)).encode()
        case "ack":
            return json.dumps(each_order(value, acknowledged)).encode()
        case "huge":
            return b" " * rule.bytes + honest
        case _:
            return honest


def each_order(value: object, told: Callable[[dict[str, object]], dict[str, object]]) -> object:
    """The answer with every order in it told another way, however deep it stands; what speaks of no order stays."""
    if isinstance(value, list):
        return [each_order(one, told) for one in value]
    if not isinstance(value, dict):
        return value
    if any(name in value for name in NUMBERS):
        return told(value)
    return {name: each_order(one, told) for name, one in value.items()}


def another(order: dict[str, object]) -> dict[str, object]:
    """The same order with the ids of one that is somebody else's."""
    numbers = {name: value + 7 for name in NUMBERS if isinstance(value := order.get(name), int)}
    return {**order, **numbers, **{name: "somebody-elses" for name in NAMES if name in order}}


def acknowledged(order: dict[str, object]) -> dict[str, object]:
    """Which order it is, and nothing of what became of it."""
    return {name: order[name] for name in ACKNOWLEDGED if name in order}


def emptied(value: object) -> object:
    """The same names with nothing behind them; of a list, those of each row."""
    if isinstance(value, list):
        return [emptied(one) for one in value]
    return dict.fromkeys(value) if isinstance(value, dict) else None
