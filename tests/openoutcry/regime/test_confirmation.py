"""A change is believed when four of five bars agree on it, and dropped when none still asks."""

import pytest

from openoutcry.regime.confirmation import Confirmation, confirm, pending, stability, vote
from openoutcry.regime.settings import RegimeSettings

SETTINGS = RegimeSettings()
LETTERS = {"u": "bull", "e": "bear", "s": "sideways", "c": "crisis", "r": "recovery", ".": None}


def told(votes: str, settings: RegimeSettings = SETTINGS) -> tuple[str, Confirmation]:
    """The regime believed after each vote, as letters, and where it ends."""
    state, said = Confirmation(), ""
    back = {name: letter for letter, name in LETTERS.items()}
    for letter in votes:
        state = confirm(state, LETTERS[letter], settings)
        said += back[state.regime]
    return said, state


@pytest.mark.parametrize(
    ("votes", "believed"),
    [
        ("uuuu", "...u"),
        ("u.uuu", "....u"),
        ("u..uuuu", "......u"),
        ("uuuuueeee", "...uuuuue"),
        ("uuuuueeuee", "...uuuuuue"),
        ("uuuuuecece", "...uuuuuuu"),
        ("uuuuue.e.e.", "...uuuuuuuu"),
        ("uuuu" + "cccc" + "rrrr", "...u" + "uuuc" + "cccr"),
    ],
)
def test_four_of_five_bars_must_agree(votes: str, believed: str) -> None:
    assert told(votes)[0] == believed


def test_a_change_waits_and_is_dropped() -> None:
    _, state = told("uuuuue")
    waiting = pending(state, SETTINGS)
    assert waiting is not None and (waiting.regime, waiting.share) == ("bear", 0.2)
    _, state = told("uuuuuee")
    assert pending(state, SETTINGS).share == 0.4
    _, state = told("uuuuueuuuuu")
    assert pending(state, SETTINGS) is None
    assert pending(told("uuuue")[1], RegimeSettings(discard_share=0.5)) is None


def test_stability_is_the_share_of_twenty_bars() -> None:
    assert stability(Confirmation(), SETTINGS) is None
    assert stability(told("u" * 30)[1], SETTINGS) == 1.0
    assert stability(told("u" * 30 + "e.")[1], SETTINGS) == 0.9


def test_a_vote_needs_confidence() -> None:
    assert vote("bull", 0.6, SETTINGS) == "bull"
    assert vote("bull", 0.599, SETTINGS) is None


def test_what_is_kept_does_not_grow() -> None:
    assert len(told("us" * 500)[1].votes) == SETTINGS.stability_window


@pytest.mark.parametrize("window", [1, 3, 50])
def test_other_windows(window: int) -> None:
    settings = RegimeSettings(confirm_window=window, confirm_share=1.0)
    assert told("u" * window, settings)[1].regime == "bull"
    assert told("u" * (window - 1), settings)[1].regime is None
