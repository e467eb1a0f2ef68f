"""The tests of a few lines; what they leave open is known (test_mutation.py)."""

import pytest

from tests.project.mutated.scale import stepped


def test_a_load_is_rounded_down() -> None:
    assert stepped(7, 2) == 6


def test_too_much_is_refused() -> None:
    with pytest.raises(ValueError, match="heavy"):
        stepped(11, 2)
