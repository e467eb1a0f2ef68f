"""The faults of a run: how likely each is on one occasion, and which ones are brought about on purpose."""

from collections.abc import Mapping
from random import Random

RATES: Mapping[str, float] = {
    "net_lost": 0.004,
    "net_refused": 0.004,
    "net_delay": 0.01,
    "net_twice": 0.02,
    "net_reset_before_answer": 0.006,
    "net_answer_lost": 0.006,
    "db_lost": 0.004,
    "db_serialization": 0.004,
    "db_deadlock": 0.003,
    "db_full": 0.0006,
    "db_slow": 0.003,
    "db_too_many": 0.003,
    "db_commit_lost": 0.006,
    "db_commit_unknown": 0.01,
    "venue_clock_skew": 0.05,
    "venue_reject": 0.03,
    "venue_lost_before": 0.05,
    "venue_5xx_before": 0.04,
    "venue_slow_birth": 0.08,
    "venue_hang_after": 0.07,
    "venue_reset_after": 0.05,
    "venue_5xx_after": 0.05,
    "venue_garbage_after": 0.05,
    "venue_cancel_unclear": 0.15,
    "venue_lookup_fails": 0.08,
    "venue_history_fails": 0.06,
    "venue_account_fails": 0.02,
    "venue_account_garbled": 0.02,
    "venue_event_twice": 0.15,
    "venue_events_unordered": 0.2,
    "venue_429": 0.01,
    "venue_418": 0.004,
    "model_timeout": 0.05,
    "model_overloaded": 0.05,
    "model_key_revoked": 0.02,
    "model_malformed": 0.12,
    "model_cut_off": 0.04,
}
POLICIES = ("unknown_orders", "unknown_fills", "unexplained")
CRASH_POINTS = tuple(f"k{number}" for number in range(1, 17))
"""Every one that is passed while the floor runs; k17 is the schema's."""
CANDLES = ("candles_stale", "candles_gap", "candles_twice", "candles_spike", "candles_nan")
ARMED = (*(f"kill_{point}" for point in CRASH_POINTS), "venue_throws_out")
"""What is brought about at the next occasion: a crash point, a working stop or target that the exchange can end by itself."""
STRANGE = ("foreign_order", "foreign_trade", "foreign_money")
"""What happens at the account and is not the floor's doing."""
TIMED = (
    *ARMED,
    *CANDLES,
    *STRANGE,
    "kill_anyone",
    "hold_anyone",
    "two_orchestrators",
    "two_executors",
    "operator_halt",
    "db_crash",
    "venue_halt",
)
SURE = (*CANDLES, *STRANGE, "kill_anyone", "hold_anyone", "operator_halt", "db_crash", "venue_halt")
"""What happens when it is brought about, at the latest to the next process that is not held yet."""
LEAST = 10
"""Kinds of fault that every seed meets."""
KINDS = (*RATES, *TIMED)
SPEED = 3.0
"""How fast the market's clock runs: a bar every 20 seconds."""
ACTIVE_S = 100.0
"""Virtual seconds in which things go wrong."""
CALM_S = 45.0
"""Virtual seconds after that, in which everything must come right."""
WOUND_UP_S = 90.0
"""How much longer a run may last, so that it does not end in the middle of a round, or before the round that hears of what
has just ended; how long that may take is the checker's to say.
"""


def rates(random: Random) -> dict[str, float]:
    """This run's rates: most kinds at their own, some much more likely, some not at all."""
    often = {kind: random.choice((0.0, 1.0, 2.0, 4.0)) for kind in RATES}
    # A floor whose models mostly fail does not trade, and nothing is learned about orders.
    return {
        kind: rate * (often[kind] / 4 if kind.startswith("model_") else often[kind])
        for kind, rate in RATES.items()
    }


def policy(random: Random) -> dict[str, str]:
    """What this run's floor does about what is not its own: mostly it adopts it, for a floor that is halted does little."""
    return {name: random.choice(("adopt", "adopt", "halt")) for name in POLICIES}


def timetable(random: Random) -> list[tuple[float, str]]:
    """What is brought about when, in order: at least ten misfortunes, each of another kind."""
    kinds = random.sample(TIMED, random.randint(10, 14))
    return sorted((random.uniform(5.0, ACTIVE_S - 10.0), kind) for kind in kinds)
