"""No word in the league depends on what came after it."""

from dataclasses import replace
from decimal import Decimal

import numpy as np

from openoutcry.minds.contamination import NOBODY_KNOWS
from outcry.league.entrants import plain_entrants
from outcry.league.playing import Table, play
from outcry.league.purse import LeaguePurse
from outcry.league.worlds import Shape, synthetic
from wire.config import load_settings


async def test_with_another_future_after_the_last_decision_everybody_says_the_same(tmp_path):
    world = synthetic(7, "1h", Shape(windows=1, bars=26, every=12), "moods")
    entrants = [one for one in plain_entrants([]) if one.kind != "reference"]
    seats = tuple(one.name for one in entrants if one.kind == "rules")
    table = Table(
        home=tmp_path,
        settings=load_settings(tmp_path),
        keys={},
        cutoffs=NOBODY_KNOWS,
        purse=LeaguePurse(Decimal(0)),
        seats=seats,
        tape=lambda name: None,
        seed=7,
    )
    last = world.firsts[0] + 12
    as_of = world.market.closes_at(last)
    other = replace(world, market=world.market.with_another_future(as_of, np.random.default_rng(3)))
    assert other.market.spot.close[last + 1] != world.market.spot.close[last + 1]
    said, again = [await play(one, 0, entrants, table, lambda: None) for one in (world, other)]
    before = {name: calls[0][:2] for name, calls in said.items()}
    assert before == {name: calls[0][:2] for name, calls in again.items()}
    assert {name: calls[0][2] for name, calls in said.items()} != {n: c[0][2] for n, c in again.items()}
    assert any(call.word in ("BUY", "SELL") for name in seats for call in before[name])
