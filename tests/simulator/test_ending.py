"""When a run is over: what has ended at the exchange is heard of, and no round is in hand."""

import pytest

from simulator.checker.checker import BACK_S, ROUND_S, Checker


def ended(at: float) -> Checker:
    """The faults stopped at 10 s; an order that works for the floor was cancelled at ``at``."""
    found = Checker()
    found.orders.rows["x"] = {"status": "NEW"}
    found.hear(10.0, "calm", {})
    found.hear(at, "venue_ended", {"cid": "x", "number": 1, "status": "CANCELED", "reason": "REQUESTED"})
    return found


@pytest.mark.parametrize("at", [5.0, 60.0])
def test_the_next_round_hears_of_an_end_and_none_stays_unheard(at: float) -> None:
    # A run is over when nothing waits to be heard of: an end of a moment ago is no fault (simulator, seed 7571).
    late = max(10.0, at) + BACK_S + ROUND_S
    found = ended(at)
    found.second(late, 0, 0)
    assert found.violation is None and not found.quiet()
    found.second(late + 1, 0, 0)
    assert str(found.violation).startswith(f"I18: x ended at {at:.0f} s")


def test_what_the_floor_knows_of_is_heard() -> None:
    found = ended(60.0)
    found.orders.rows["x"] = {"status": "CANCELED"}
    found.second(1000.0, 0, 0)
    assert found.violation is None and found.quiet()


def test_a_round_that_a_crash_took_back_is_not_in_hand() -> None:
    # Its record may come without its row: the run waited for it until its time was up (simulator, seed 11192).
    found, round_ = Checker(), {"seq": 1, "state": "OPEN", "closed_at": None, "ballots": None}
    found.rows(20.0, [("rounds", 1, None, round_)])
    assert not found.quiet()
    found.rows(21.0, [("rounds", 1, round_, None)], forgotten=True)
    assert found.violation is None and found.quiet()
