"""What is tried, and which tests must notice. The tests are the quick ones: no process of its own but the database's."""

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Area:
    """Files of one kind, and the tests that answer for them: files, folders, or one test of a file (``file::test``)."""

    name: str
    code: tuple[str, ...]
    tests: tuple[str, ...]
    drawn: int | None = None
    """How many of its changes are tried, where trying all takes hours: drawn evenly, with the seed."""

    def files(self) -> list[str]:
        """The paths of its code from the root, sorted."""
        found = {path for pattern in self.code for path in ROOT.glob(pattern)}
        return sorted(str(path.relative_to(ROOT)) for path in found if path.name != "__init__.py")


PURE = "openoutcry"
TESTS = "tests/openoutcry"
EXECUTION = "mcp_servers/execution"
LIVE, LIVE_TESTS = f"{EXECUTION}/venues/live", f"tests/{EXECUTION}/live"
SEEDS = "tests/simulator/test_seeds.py::test_every_invariant_holds_under_many_faults"
PAIRS = (
    "test_e1_a_pair_of_which_nobody_heard_is_looked_up_and_never_doubled",
    "test_e6_a_pair_that_is_refused_gives_way_to_a_stop_alone",
    "test_e6_on_spot_a_stop_and_its_target_are_one_list_of_the_exchange",
)
AREAS = (
    Area(
        "ledger",
        (f"{PURE}/ledger/*.py", f"{PURE}/portfolio.py"),
        (f"{TESTS}/ledger", f"{TESTS}/test_portfolio.py"),
    ),
    Area(
        "orders",
        (f"{PURE}/order_states.py", f"{PURE}/orders.py", f"{PURE}/types/orders.py", f"{PURE}/reconcile/*.py"),
        (
            f"{TESTS}/test_order_states.py",
            f"{TESTS}/test_order_words.py",
            f"{TESTS}/test_orders.py",
            f"{TESTS}/reconcile",
        ),
    ),
    Area(
        "gate",
        (f"{PURE}/risk/gate.py", f"{PURE}/risk/case.py", f"{PURE}/risk/latch.py", f"{PURE}/risk/rules/*.py"),
        (
            f"{TESTS}/risk/test_gate.py",
            f"{TESTS}/risk/test_gate_edges.py",
            f"{TESTS}/risk/test_gate_properties.py",
            f"{TESTS}/risk/test_pace.py",
        ),
    ),
    Area(
        "limits",
        tuple(f"{PURE}/risk/{name}.py" for name in ("limits", "exposure", "standing")),
        (
            f"{TESTS}/risk/test_book_figures.py",
            f"{TESTS}/risk/test_gate.py",
            f"{TESTS}/risk/test_gate_edges.py",
            f"{TESTS}/risk/test_gate_properties.py",
            f"{TESTS}/risk/test_limits_edges.py",
            f"{TESTS}/risk/test_pace.py",
        ),
    ),
    Area(
        "driving",
        tuple(
            f"{EXECUTION}/{name}.py" for name in ("placing", "intents", "leaving", "permission", "own_orders")
        ),
        (
            *(
                f"tests/{EXECUTION}/test_{name}.py"
                for name in ("halted", "leaving", "permission", "protocol")
            ),
            SEEDS,
        ),
    ),
    Area(
        "protection",
        tuple(f"{PURE}/risk/{name}.py" for name in ("brackets", "flattening", "naked", "trailing")),
        (f"{TESTS}/risk/test_brackets.py", f"{TESTS}/risk/test_protection_edges.py"),
    ),
    Area(
        "protecting",
        tuple(
            f"{EXECUTION}/{name}.py"
            for name in ("bracket_orders", "moving_stops", "protecting", "standing_instructions")
        ),
        (
            *(
                f"tests/{EXECUTION}/test_{name}.py"
                for name in ("bracket_orders", "moving_stops", "protector", "standing_instructions")
            ),
            f"{LIVE_TESTS}/test_protecting.py",
            SEEDS,
        ),
        drawn=80,
    ),
    Area(
        "obeying",
        tuple(f"{EXECUTION}/{name}.py" for name in ("desk", "killfile", "lookup", "obeying")),
        (
            *(f"tests/{EXECUTION}/test_{name}.py" for name in ("desk", "halted", "killfile", "lookup")),
            f"{LIVE_TESTS}/test_obeying.py",
            SEEDS,
        ),
        drawn=60,
    ),
    Area(
        "answers",
        tuple(f"{LIVE}/{name}.py" for name in ("dialect", "filters", "outcome")),
        tuple(f"{LIVE_TESTS}/test_{name}.py" for name in ("dialect", "filters", "outcome", "venue_faults")),
    ),
    Area(
        "venue",
        tuple(
            f"{LIVE}/{name}.py"
            for name in (
                "asking",
                "first_byte",
                "gateway",
                "journal",
                "recording",
                "resolving",
                "sending",
                "venue",
            )
        ),
        (
            *(
                f"{LIVE_TESTS}/test_{name}.py"
                for name in (
                    "asking",
                    "c7_network",
                    "gateway",
                    "gateway_wire",
                    "matrix",
                    "recording",
                    "resolving",
                    "sending",
                    "unknown",
                    "venue_faults",
                    "venue_port",
                )
            ),
            *(f"{LIVE_TESTS}/test_protecting.py::{name}" for name in PAIRS),
        ),
        drawn=80,
    ),
    Area(
        "halts",
        ("db/halting.py", "api/routes/kill_switch.py"),
        ("tests/db/test_halting.py", "tests/api/test_kill_switch.py", "tests/api/test_trade.py"),
    ),
    Area("keys", ("api/routes/keys.py", "api/routes/key_ring.py"), ("tests/api/test_keys.py",)),
    Area("tally", (f"{PURE}/voting/*.py",), (f"{TESTS}/voting",)),
    Area("tokens", ("wire/tokens.py",), ("tests/wire/test_tokens.py", "tests/wire/test_tokens_edges.py")),
    Area(
        "auth",
        ("api/auth/signing.py", "api/auth/hosts.py", "api/auth/doorman.py", "db/keys.py", "db/identity/*.py"),
        ("tests/api/auth",),
    ),
    Area("routes", ("api/routes/token.py", "api/routes/logout.py"), ("tests/api/test_tokens.py",)),
)
