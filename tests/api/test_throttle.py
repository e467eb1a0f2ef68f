"""Token buckets and what they tell."""

import api.throttle as throttle_module
from api.throttle import Rate, SharedThrottle, Throttle
from db.haste import Share


def test_a_burst_passes_and_the_next_is_told_when_to_return(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(throttle_module, "monotonic", lambda: now[0])
    throttle = Throttle(Rate(per_s=2, burst=3))
    rulings = [throttle.take("a") for _ in range(4)]
    assert [r.allowed for r in rulings] == [True, True, True, False]
    assert [r.remaining for r in rulings] == [2, 1, 0, 0]
    assert dict(rulings[3].headers()) == {
        b"x-ratelimit-limit": b"3",
        b"x-ratelimit-remaining": b"0",
        b"x-ratelimit-reset": b"2",
        b"retry-after": b"1",
    }
    now[0] = 0.5
    assert throttle.take("a").allowed
    assert not throttle.take("a").allowed


def test_buckets_do_not_know_each_other():
    throttle = Throttle(Rate(per_s=1, burst=1))
    assert throttle.take("a").allowed
    assert throttle.take("b").allowed
    assert not throttle.take("a").allowed


def test_looking_costs_nothing():
    throttle = Throttle(Rate(per_s=1, burst=1))
    assert [throttle.take("a", 0).remaining for _ in range(5)] == [1] * 5


def test_the_number_of_buckets_is_bounded(monkeypatch):
    monkeypatch.setattr(throttle_module, "MAX_BUCKETS", 10)
    throttle = Throttle(Rate(per_s=1, burst=1))
    for number in range(100):
        throttle.take(str(number))
    assert len(throttle._buckets) == 10


class Common:
    """The common bucket of two processes: four tokens, never refilled."""

    def __init__(self):
        self.level, self.asked = 4.0, 0

    async def share(self, name, tokens):
        self.asked += 1
        part = min(tokens, self.level)
        self.level -= part
        return Share(part, self.level)


async def test_processes_never_give_more_than_there_is(monkeypatch):
    monkeypatch.setattr(throttle_module, "monotonic", lambda: 0.0)
    common = Common()
    throttles = [SharedThrottle(Rate(per_s=0.1, burst=4), common.share) for _ in range(3)]
    allowed = [(await throttles[n % 3].take("a")).allowed for n in range(30)]
    assert sum(allowed) == 4
    assert common.asked == 4 + 3  # whoever was refused does not ask again before it may be of use


async def test_a_handful_costs_one_question():
    common = Common()
    common.level = 800.0
    throttle = SharedThrottle(Rate(per_s=1, burst=80), common.share)
    for _ in range(40):
        assert (await throttle.take("a")).allowed
    assert common.asked == 4


async def test_while_the_database_is_away_a_process_counts_alone():
    async def away(name, tokens):
        raise ConnectionResetError

    throttle = SharedThrottle(Rate(per_s=0.1, burst=2), away)
    assert [(await throttle.take("a")).allowed for _ in range(3)] == [True, True, False]
