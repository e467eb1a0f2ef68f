"""The execution server as the orchestrator sees it within one round."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from time import perf_counter
from types import MappingProxyType
from typing import Any

from openoutcry.errors import ToolFailed, VenueUnknown
from openoutcry.ports import AccountSync
from openoutcry.types.market import Instrument
from openoutcry.types.orders import Approval, Fill, OrderRequest, OrderState, WorkingOrder
from orchestrator.poll import Askable

PLACE_TIMEOUT_S = 15.0
UNKNOWN = frozenset(
    {
        "DEADLINE",
        "UNREACHABLE",
        "TOOL_ERROR",
        "INTERNAL",
        "VENUE_UNKNOWN",
        "FENCED",
        "VENUE_ERROR",
        "VENUE_JOURNAL_BROKEN",
        "ERROR",
    }
)
"""Failures after which nobody knows whether the order exists. Every other code is a definitive refusal."""


class McpBroker:
    """Broker over MCP. ``cursor`` is how far the venue's events have been seen; a committed record makes it final.

    A repeated round must see what its first attempt saw, so events of the round's own orders are held back from
    ``sync`` and handed out with ``place``; what a repeat does not ask for again is asked about with ``rest``, never lost.
    """

    def __init__(
        self,
        execution: Askable,
        *,
        seq: int,
        cursor: int,
        round_token: str,
        doubted: Mapping[tuple[int, str], str] = MappingProxyType({}),
    ) -> None:
        """``doubted`` are the names of earlier orders whose outcome no record knows, by round and leg."""
        self._execution = execution
        self._seq = seq
        self._after = cursor
        self._token = round_token
        self._doubted = doubted
        self._taken: set[str] = set()
        self._sent: dict[str, OrderRequest] = {}
        self._held: tuple[list[Fill], list[OrderState]] = ([], [])
        self._adopted: dict[tuple[int, str], WorkingOrder] = {}
        self.cursor = cursor
        self.first_accepted: float | None = None

    async def sync(self) -> AccountSync:
        """Advance the venue to ``as_of``; everything that happened to orders of earlier rounds."""
        answer = await self._execution.call(
            "sync_account", {"after": self._after}, round_token=self._token, timeout_s=PLACE_TIMEOUT_S
        )
        fills, states = self._fresh(answer)
        states += await self._refusals({(state.order_seq, state.leg) for state in states})
        sent = (OrderRequest.model_validate(item) for item in answer["sent"])
        self._sent = {request.leg: request for request in sent}
        self._held = (
            [f for f in fills if f.order_seq == self._seq],
            [s for s in states if s.order_seq == self._seq],
        )
        earlier = self._handed(
            [f for f in fills if f.order_seq != self._seq], [s for s in states if s.order_seq != self._seq]
        )
        rules = tuple(Instrument.model_validate(item) for item in answer.get("instruments", ()))
        return replace(earlier, sent=tuple(self._sent.values()), instruments=rules)

    async def place(self, request: OrderRequest, approval: Approval) -> AccountSync:
        """Place one approved order and take in what it did. Raises VenueUnknown, ToolFailed."""
        arguments = {
            "approval": approval.model_dump(mode="json"),
            "order": request.model_dump(mode="json"),
            "after": self._after,
        }
        answer = await self._must("place_order", arguments)
        if self.first_accepted is None:
            self.first_accepted = perf_counter()
        self._sent.pop(request.leg, None)
        return self._handed(*self._fresh(answer))

    async def cancel(self, order_seq: int, leg: str) -> AccountSync:
        """Cancel one open order."""
        arguments = {"order_seq": order_seq, "leg": leg, "after": self._after}
        return self._handed(*self._fresh(await self._must("cancel_order", arguments)))

    async def rest(self) -> AccountSync:
        """Events of this round's orders that a first attempt caused and this one did not ask for."""
        if self._sent:
            asked = {"after": self._after, "whole": True}
            answer = await self._execution.call(
                "sync_account", asked, round_token=self._token, timeout_s=PLACE_TIMEOUT_S
            )
            return self._handed(*self._fresh(answer))
        fills, states = self._held
        return self._handed([f for f in fills if f.trade_id not in self._taken], states)

    async def _refusals(self, heard: Collection[tuple[int, str]]) -> list[OrderState]:
        """Refusals whose answer was lost: of what a halt or its own filters stopped, a venue has nothing to tell. The row has."""
        found = []
        for (seq, leg), name in self._doubted.items():
            if (seq, leg) in heard:
                continue
            answer = await self._execution.call(
                "get_order_status", {"order_id": name}, round_token=self._token, timeout_s=PLACE_TIMEOUT_S
            )
            row = answer["order"]
            if row["status"] == "REJECTED":
                said = {
                    "status": row["status"],
                    "updated_at": row["updated_at"],
                    "error": row["error_message"],
                }
                found.append(OrderState.model_validate({"order_seq": seq, "leg": leg, **said}))
        return found

    async def _must(self, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
        try:
            return await self._execution.call(
                tool, arguments, round_token=self._token, timeout_s=PLACE_TIMEOUT_S
            )
        except ToolFailed as error:
            if error.code in UNKNOWN:
                raise VenueUnknown(f"{tool}: {error.message}") from error
            raise

    def _fresh(self, answer: dict[str, Any]) -> tuple[list[Fill], list[OrderState]]:
        self.cursor = max(self.cursor, int(answer["cursor"]))
        fills = [Fill.model_validate(item) for item in answer["fills"]]
        states = [OrderState.model_validate(item) for item in answer["orders"]]
        for item in answer["adopted"]:
            order = WorkingOrder.model_validate(item)
            self._adopted[order.state.order_seq, order.state.leg] = order
        if answer.get("order") is not None:
            states.append(OrderState.model_validate(answer["order"]))
        return [f for f in fills if f.trade_id not in self._taken], states

    def _handed(self, fills: list[Fill], states: list[OrderState]) -> AccountSync:
        self._taken.update(f.trade_id for f in fills)
        new = (self._adopted[key] for s in states if (key := (s.order_seq, s.leg)) in self._adopted)
        return AccountSync(tuple(fills), tuple(states), tuple(new))
