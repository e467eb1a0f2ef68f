"""Shapley values: by hand, and by what they must be whatever the votes are."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openoutcry.voting.credit import credit, strength

VOTERS = st.lists(
    st.tuples(st.sampled_from(["BUY", "SELL", "HOLD"]), st.floats(0, 1), st.floats(0.1, 5)),
    min_size=1,
    max_size=6,
).map(lambda rows: [(f"a{n}", *row) for n, row in enumerate(rows)])


@given(VOTERS)
def test_they_are_the_mean_over_all_orders_and_add_up(voters):
    found = credit(voters)
    assert sum(found.values()) == pytest.approx(strength(voters), abs=1e-9)
    if len(voters) <= 4:
        orders = list(permutations(voters))
        for voter in voters:
            gains = []
            for order in orders:
                before = order[: order.index(voter)]
                gains.append(strength([*before, voter]) - strength(before))
            assert found[voter[0]] == pytest.approx(sum(gains) / len(gains), abs=1e-9)


def test_two_who_say_the_same_share_evenly_and_nobody_weighs_nothing():
    found = credit([("a", "BUY", 0.8, 1.0), ("b", "BUY", 0.8, 1.0), ("c", "SELL", 0.9, 0.0)])
    assert found["a"] == pytest.approx(found["b"]) == pytest.approx(0.4)
    assert found["c"] == pytest.approx(0.0)
    many = credit([(f"a{n}", "BUY", 0.5, 1.0) for n in range(20)])
    assert sum(many.values()) == pytest.approx(0.5)
