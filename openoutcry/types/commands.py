"""The only way to the orchestrator: typed commands that it executes between rounds."""

from typing import Annotated, Literal

from pydantic import Field

from openoutcry.types.amounts import Amount, PositiveAmount
from openoutcry.types.frozen import Frozen
from openoutcry.types.orders import OrderType, Side, TimeInForce, Trail


class StartSession(Frozen):
    """Open a trading session."""

    kind: Literal["start_session"] = "start_session"
    symbol: str
    initial_capital: PositiveAmount
    mode: Literal["PAPER", "LIVE"] = "PAPER"


class StopSession(Frozen):
    """Stop a session; ``final_capital`` is the caller's own figure, reported beside the ledger's."""

    kind: Literal["stop_session"] = "stop_session"
    session_id: str
    final_capital: Amount | None = None


class PauseSession(Frozen):
    """No new entries until resumed; exits and protection go on."""

    kind: Literal["pause_session"] = "pause_session"
    session_id: str


class ResumeSession(Frozen):
    """Undo a pause."""

    kind: Literal["resume_session"] = "resume_session"
    session_id: str


class RunRound(Frozen):
    """A round at the newest bar that has closed, without waiting for the next; nothing when there was one already."""

    kind: Literal["run_round"] = "run_round"
    session_id: str


class HearAccount(Frozen):
    """Take in what the exchange did to a session's orders between records; nothing when a record has told of it.

    ``client_order_id`` names the order that it was noticed of, ``trade_id`` the fill as the ledger names it, None for an
    order's end. Asked by the execution server of a live floor alone.
    """

    kind: Literal["hear_account"] = "hear_account"
    session_id: str
    client_order_id: str
    trade_id: str | None = None


class PlaceOrder(Frozen):
    """A manual order; goes through the same gate as the floor's own.

    ``stop_loss``, ``take_profit`` and ``trailing_stop`` (a fraction of the price) protect what an order that opens fills.
    """

    kind: Literal["place_order"] = "place_order"
    session_id: str | None = None
    symbol: str
    side: Side
    type: OrderType
    quantity: PositiveAmount
    price: PositiveAmount | None = None
    stop_price: PositiveAmount | None = None
    time_in_force: TimeInForce = "GTC"
    stop_loss: PositiveAmount | None = None
    take_profit: PositiveAmount | None = None
    trailing_stop: Trail | None = None


class CancelOrder(Frozen):
    """Cancel one open order at the venue."""

    kind: Literal["cancel_order"] = "cancel_order"
    order_id: str


class ExecuteHedges(Frozen):
    """Bring the hedges of a session, or of all, to a ratio of their spot (short over spot, 1 = fully hedged), and keep
    them there until the spot is gone or a person says otherwise. Without ``ratio``, to the configured one.
    """

    kind: Literal["execute_hedges"] = "execute_hedges"
    session_id: str | None = None
    ratio: Annotated[float, Field(ge=0, le=1)] | None = None


class CloseHedges(Frozen):
    """Buy back every hedge of a session, or of all, and make none until the spot is gone or a person says otherwise."""

    kind: Literal["close_hedges"] = "close_hedges"
    session_id: str | None = None


class Halt(Frozen):
    """Kill switch, of everything or of one symbol: nothing but risk-reducing orders until an admin unhalts.

    Not for the queue: it holds from the moment it is stored (db/halting.py), whoever is busy.
    """

    reason: Annotated[str, Field(min_length=1, max_length=500)]
    flatten: bool = False
    symbol: str | None = None


class Unhalt(Frozen):
    """Release the kill switch."""

    reason: Annotated[str, Field(min_length=1, max_length=500)]
    symbol: str | None = None


class ResetBreaker(Frozen):
    """Let a session, or all, enter again after a loss limit was reached; losses are counted anew from now."""

    kind: Literal["reset_breaker"] = "reset_breaker"
    session_id: str | None = None
    reason: Annotated[str, Field(min_length=1, max_length=500)]


class ReplayRound(Frozen):
    """Recompute one round from its record and say what differs. Changes nothing."""

    kind: Literal["replay_round"] = "replay_round"
    session_id: str
    seq: Annotated[int, Field(ge=0)]


class ChangeConfig(Frozen):
    """Change runtime settings, all or nothing; keys are the documented updatable fields."""

    kind: Literal["change_config"] = "change_config"
    updates: dict[str, str | float | int | bool]


Command = Annotated[
    StartSession
    | StopSession
    | PauseSession
    | ResumeSession
    | RunRound
    | HearAccount
    | PlaceOrder
    | CancelOrder
    | ExecuteHedges
    | CloseHedges
    | ResetBreaker
    | ReplayRound
    | ChangeConfig,
    Field(discriminator="kind"),
]
