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
    sample: int | None = None
    """How many of the changes are tried, drawn by the seed; None for all of them."""

    def files(self) -> list[str]:
        """The paths of its code from the root, sorted."""
        found = {path for pattern in self.code for path in ROOT.glob(pattern)}
        return sorted(str(path.relative_to(ROOT)) for path in found if path.name != "__init__.py")


PURE = "openoutcry"
TESTS = "tests/openoutcry"
EXECUTION = "mcp_servers/execution"
BY_ITSELF = (
    "test_i7_an_entry_whose_round_died_gets_its_stop_once",
    "test_e5_dust_is_noted_and_not_tried_for_ever",
    "test_e6_on_spot_a_stop_and_its_target_are_one_list_of_the_exchange",
    "test_e6_a_pair_that_is_refused_gives_way_to_a_stop_alone",
    "test_e1_a_pair_of_which_nobody_heard_is_looked_up_and_never_doubled",
)
"""Tests in which the execution server makes orders of its own."""
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
            f"tests/{EXECUTION}/test_placing.py",
            f"tests/{EXECUTION}/test_halted.py",
            *(f"tests/{EXECUTION}/live/test_protecting.py::{name}" for name in BY_ITSELF),
            "tests/simulator/test_seeds.py::test_every_invariant_holds_under_many_faults",
        ),
    ),
    Area("tally", (f"{PURE}/voting/*.py",), (f"{TESTS}/voting",)),
    Area("tokens", ("wire/tokens.py",), ("tests/wire/test_tokens.py", "tests/wire/test_tokens_edges.py")),
    Area(
        "auth",
        ("api/auth/signing.py", "api/auth/hosts.py", "api/auth/doorman.py", "db/keys.py", "db/identity/*.py"),
        ("tests/api/auth",),
    ),
    Area("routes", ("api/routes/token.py", "api/routes/logout.py"), ("tests/api/test_tokens.py",)),
)
