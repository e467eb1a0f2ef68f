"""May there be an order at all: mode, halt, pause, restricted symbols, approval."""

from openoutcry.risk.case import Case
from openoutcry.risk.rules.breach import Breach


def mode(case: Case) -> Breach | None:
    """A live session trades only on a floor that was started live."""
    floor = case.settings.trading.mode
    if case.book.mode == "LIVE" and floor != "live":
        return Breach("LIVE", floor.upper(), "a live session on a floor that trades on paper")
    return None


def halted(case: Case) -> Breach | None:
    """While the kill switch is on, only orders that shrink a position pass."""
    if case.book.halted and case.effect != "reduces":
        return Breach(case.effect, "reduces", "the floor is halted: only risk-reducing orders pass")
    return None


def paused(case: Case) -> Breach | None:
    """A paused session takes on nothing; exits, protection and hedges go on."""
    if case.book.paused and case.effect == "adds":
        return Breach("paused", "running", "the session is paused: no new entries")
    return None


def restricted_symbol(case: Case) -> Breach | None:
    """Nothing is entered in a restricted symbol; what is held may be closed."""
    symbol, listed = case.request.symbol, case.settings.risk.restricted_symbols
    restricted = (*listed, *case.book.restricted)
    if symbol in restricted and case.effect != "reduces":
        why = (
            "restricted by risk.restricted_symbols"
            if symbol in listed
            else "halted until a person releases it"
        )
        return Breach(symbol, ", ".join(restricted), f"{symbol} is {why}")
    return None


def model_approval(case: Case) -> Breach | None:
    """Where a language model's approval is required, nothing is entered without it."""
    if case.settings.risk.llm_approval_required and not case.book.approved_by_model and case.effect == "adds":
        return Breach("none", "required", "no language model has approved this entry")
    return None
