"""A walk along a chain without any database: untouched it finds nothing; whatever is altered is named, with both values."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from openoutcry.canonical import derived_id
from openoutcry.errors import LedgerBroken
from openoutcry.ledger.audit import Comparison, Table, compare, finding, missing_row, same, strange_row
from openoutcry.ledger.chain import UsedApproval, beside, hash_of, link, mark, opening_marks, record_of, seal
from openoutcry.ledger.facts import genesis_hash
from openoutcry.ledger.walk import Walk
from openoutcry.orders import client_order_id
from openoutcry.types.orders import Approved
from tests.factories import START, Session, facts_of

FACTS = facts_of(7)
RECORDS = Session(seed=7).run(12)
Row = dict[str, Any]


def approvals(record: Any) -> list[UsedApproval]:
    used = [
        planned
        for planned in record.orders
        if isinstance(planned.verdict, Approved) and planned.state is not None
    ]
    return [
        UsedApproval(
            id=derived_id(FACTS.session_id, "approval", record.seq, one.request.leg), leg=one.request.leg,
            client_order_id=client_order_id(FACTS.session_id, record.seq, one.request.leg), order_hash=one.verdict.order_hash,
            expires_at=record.as_of + timedelta(hours=1), used_at=record.as_of + timedelta(seconds=1),
        )
        for one in used
    ]  # fmt: skip


USED = [approvals(record) for record in RECORDS]


def stored() -> list[Row]:
    """The chain as it lies in the database."""
    rows, before = [], genesis_hash(FACTS)
    for record, used in zip(RECORDS, USED, strict=True):
        stored_as, at = link(record), START + timedelta(days=9, seconds=record.seq)
        parts = beside({"round_s": 0.5 + record.seq}, at, used) | (
            opening_marks(FACTS) if record.seq == 0 else {}
        )
        before = seal(before, stored_as.hash, parts)
        rows.append(
            {
                "seq": record.seq, "org_id": FACTS.org_id, "kind": record.kind, "as_of": record.as_of,
                "prev_hash": record.prev_hash, "hash": stored_as.hash, "seal": before, "body": stored_as.body, "beside": parts,
                "timings": {"round_s": 0.5 + record.seq}, "committed_at": at,
            }
        )  # fmt: skip
    return rows


def walked(rows: list[Row], used: list[list[UsedApproval]] = USED, head: int | None = None) -> Walk:
    walk = Walk(FACTS)
    for row in rows:
        walk.take(row, used[row["seq"]] if row["seq"] < len(used) else [])
    walk.end(len(RECORDS) - 1 if head is None else head)
    return walk


def told(walk: Walk) -> list[tuple[str, str, str]]:
    """Table, row (by number, without the session), column."""
    return [(one.table, one.id.removeprefix(f"{FACTS.session_id}:"), one.column) for one in walk.findings]


def test_an_untouched_chain_is_believed_to_its_end() -> None:
    walk, rows = Walk(FACTS), stored()
    for row, record, used in zip(rows, RECORDS, USED, strict=True):
        assert walk.take(row, used) == record
        assert (walk.hash, walk.seal, walk.last) == (row["hash"], row["seal"], record)
    walk.end(len(RECORDS) - 1)
    assert (walk.findings, walk.lost, walk.next_seq, walk.facts_changed) == ([], [], len(RECORDS), False)
    assert walk.stats.records == len(RECORDS) and walk.stats.equity == RECORDS[-1].equity
    assert all(walk.knows(seq) for seq in range(len(RECORDS)))
    assert Walk(FACTS).stats.equity == FACTS.initial_capital


def other(row: Row, column: str) -> Any:
    """Another value of a column."""
    value = row[column]
    if column == "org_id":
        return UUID(int=9)
    if column in ("as_of", "committed_at"):
        return value + timedelta(microseconds=1)
    if column == "timings":
        return {"round_s": 0.1}
    if column == "beside":
        return value | {"timings": "0" * 16}
    return "f" * 64 if column in ("hash", "seal", "prev_hash") else "MANUAL"


@pytest.mark.parametrize(
    "column", ["org_id", "kind", "as_of", "prev_hash", "hash", "seal", "beside", "timings", "committed_at"]
)
@pytest.mark.parametrize("seq", [0, 1, 5, len(RECORDS) - 1])
def test_one_altered_column_is_named_alone(column: str, seq: int) -> None:
    rows = stored()
    was = rows[seq][column]
    rows[seq][column] = other(rows[seq], column)
    walk = walked(rows)
    wanted = {("cycles", str(seq), column)} | (
        {("cycles", str(seq), "timings")} if column == "beside" else set()
    )
    assert set(told(walk)) == wanted
    assert len(walk.findings) == len(wanted) and walk.lost == [] and walk.next_seq == len(RECORDS)
    if column not in ("beside", "timings", "committed_at"):
        (found,) = walk.findings
        assert (found.expected, found.found) == (str(was), str(rows[seq][column]))


def test_an_altered_body_is_named_and_its_record_not_believed_while_the_rest_is() -> None:
    rows = stored()
    rows[4]["body"] = rows[4]["body"].replace('"seq":4', '"seq":4 ', 1)
    walk = walked(rows)
    assert told(walk) == [("cycles", "4", "body")]
    assert walk.findings[0].expected.endswith(rows[4]["hash"]) and walk.findings[0].found.endswith(
        hash_of(rows[4]["body"])
    )
    assert (walk.lost, walk.knows(4), walk.knows(3), walk.knows(5)) == ([range(4, 5)], False, True, True)
    assert walk.last == RECORDS[-1] and walk.stats.records == len(RECORDS) - 1


def test_a_body_that_is_no_record_or_another_ones_is_named() -> None:
    rows = stored()
    rows[4]["body"], rows[4]["hash"] = "{}", hash_of("{}")
    walk = walked(rows)
    assert ("cycles", "4", "body") in told(walk) and walk.lost == [range(4, 5)]
    assert any(one.expected == "a record" for one in walk.findings)
    rows = stored()
    rows[4] |= {name: rows[5][name] for name in ("body", "hash")}
    walk = walked(rows)
    assert ("cycles", "4", "body") in told(walk) and (walk.findings[0].expected, walk.findings[0].found) == (
        "record 4",
        "record 5",
    )
    assert not walk.knows(4)


def test_a_record_exchanged_with_its_hash_is_named_by_the_next() -> None:
    rows = stored()
    changed = link(RECORDS[4].model_copy(update={"equity": RECORDS[4].equity + 1}))
    rows[4] |= {"body": changed.body, "hash": changed.hash}
    walk = walked(rows)
    assert told(walk)[:3] == [("cycles", "4", "seal"), ("cycles", "4", "hash"), ("cycles", "5", "seal")]
    assert {column for _, number, column in told(walk) if number not in ("4",)} == {"seal"}
    assert (walk.findings[1].expected, walk.findings[1].found) == (rows[5]["prev_hash"], changed.hash)


@pytest.mark.parametrize(
    ("gone", "label", "lost"),
    [([4], "4", range(4, 5)), ([4, 5, 6], "4..6", range(4, 7)), ([0], "0", range(0, 1)),
     ([len(RECORDS) - 1], str(len(RECORDS) - 1), range(len(RECORDS) - 1, len(RECORDS))),
     ([len(RECORDS) - 2, len(RECORDS) - 1], f"{len(RECORDS) - 2}..{len(RECORDS) - 1}", range(len(RECORDS) - 2, len(RECORDS)))],
)  # fmt: skip
def test_missing_records_are_named_and_lost(gone: list[int], label: str, lost: range) -> None:
    walk = walked([row for row in stored() if row["seq"] not in gone])
    assert told(walk) == [("cycles", label, "*")]
    assert (walk.findings[0].expected, walk.findings[0].found) == ("a record", "no row")
    assert walk.lost == [lost] and walk.next_seq == len(RECORDS)
    assert [walk.knows(seq) for seq in range(len(RECORDS))] == [
        seq not in lost for seq in range(len(RECORDS))
    ]


def test_after_a_gap_what_follows_is_believed_by_its_own_hash_and_its_links_again() -> None:
    rows = [row for row in stored() if row["seq"] != 4]
    rows[5] |= {"as_of": rows[5]["as_of"] + timedelta(hours=1)}
    walk = walked(rows)
    assert told(walk) == [("cycles", "4", "*"), ("cycles", "6", "as_of")]
    assert walk.hash == rows[-1]["hash"] and walk.seal == rows[-1]["seal"]


def test_a_number_that_was_there_already_is_named_and_not_taken() -> None:
    rows = stored()
    walk = walked([*rows[:6], rows[3], *rows[6:]])
    assert told(walk) == [("cycles", "3", "seq")]
    assert (walk.findings[0].expected, walk.findings[0].found) == ("at least 6", "3")
    assert walk.stats.records == len(RECORDS)


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("symbol", "ETH/USDT"),
        ("seed", 9),
        ("mode", "LIVE"),
        ("session_id", UUID(int=77)),
        ("org_id", UUID(int=78)),
    ],
)
def test_altered_opening_facts_are_named_at_the_first_link(name: str, changed: Any) -> None:
    facts = FACTS.model_copy(update={name: changed})
    walk = Walk(facts)
    for row, used in zip(stored(), USED, strict=True):
        walk.take(row, used)
    found = {(one.table, one.column) for one in walk.findings}
    assert ("sessions", name) in found and walk.facts_changed
    assert found <= {("sessions", name), ("sessions", "opening facts"), ("cycles", "org_id")}
    assert (("sessions", "opening facts") in found) is (name not in ("session_id", "org_id"))
    said = next(one for one in walk.findings if (one.table, one.column) == ("sessions", name))
    assert said.id == str(facts.session_id) and mark(facts.model_dump(mode="json")[name]) in said.found
    assert mark(FACTS.model_dump(mode="json")[name]) in said.expected


@pytest.mark.parametrize("column", ["expires_at", "used_at"])
def test_an_altered_approval_is_named_by_its_id(column: str) -> None:
    seq = next(number for number, used in enumerate(USED) if used)
    used = [list(one) for one in USED]
    known = used[seq][0]
    used[seq][0] = replace(known, **{column: getattr(known, column) + timedelta(seconds=1)})
    walk = walked(stored(), used)
    assert told(walk) == [("approvals", str(known.id), column)]
    assert "marked" in walk.findings[0].expected and walk.lost == []


def test_what_lies_beside_a_record_and_is_no_table_of_marks_is_named() -> None:
    rows = stored()
    rows[2]["beside"] = ["nothing"]
    assert ("cycles", "2", "beside") in told(walked(rows))


def test_it_is_named_after_a_gap_too_where_no_seal_can_tell() -> None:
    rows = [row for row in stored() if row["seq"] != 4]
    rows[4]["beside"] = ["nothing"]
    assert told(walked(rows)) == [("cycles", "4", "*"), ("cycles", "5", "beside")]


def test_an_approval_that_is_gone_or_new_is_no_matter_of_marks() -> None:
    seq = next(number for number, used in enumerate(USED) if used)
    for there in ([], [*USED[seq], replace(USED[seq][0], leg="exit")]):
        walk = walked(stored(), [there if number == seq else used for number, used in enumerate(USED)])
        assert (told(walk), walk.lost) == ([], [])


def test_after_a_mark_that_was_altered_the_next_seal_is_still_checked() -> None:
    rows = stored()
    rows[2]["beside"] = other(rows[2], "beside")
    rows[3]["seal"] = "f" * 64
    assert told(walked(rows)) == [
        ("cycles", "2", "beside"),
        ("cycles", "2", "timings"),
        ("cycles", "3", "seal"),
    ]


def test_a_beginning_that_is_forged_seal_and_all_is_named_by_itself_and_by_the_seals_after_it() -> None:
    rows, forged = stored(), "e" * 64
    rows[0] |= {"prev_hash": forged, "seal": seal(forged, rows[0]["hash"], rows[0]["beside"])}
    first, *rest = told(walked(rows))
    assert first == ("cycles", "0", "prev_hash") and {column for _, _, column in rest} == {"seal"}


def test_a_body_that_is_none_says_where() -> None:
    inner = link(RECORDS[1]).body.replace('"cash":', '"cash":{},"cash_was":', 1)
    with pytest.raises(LedgerBroken, match=r"body is not a record: portfolio_\w+\.cash: "):
        record_of(inner)
    assert len(mark(START)) == len(mark({})) == 16
    with pytest.raises(LedgerBroken, match="body is not a record: kind"):
        record_of('{"seq": 1}')
    assert hash_of("\ud800") != hash_of("?")


TABLE = Table("things", ("id", "seq", "value"))
WANTED = [(1, 10, "a"), (2, 20, "b"), (3, 30, "c")]


def rows(*given: tuple[Any, Any, Any]) -> list[Row]:
    return [{"id": one, "seq": seq, "value": value, "more": 1} for one, seq, value in given]


def test_rows_are_matched_by_id_and_else_by_their_natural_key() -> None:
    assert compare(TABLE, WANTED, rows(*WANTED)) == Comparison([], [], [])
    found = compare(TABLE, WANTED, rows((1, 10, "x"), (9, 20, "b"), (7, 70, "q")))
    assert [(one.id, one.column, one.expected, one.found) for one in found.altered] == [
        ("1", "value", "a", "x"),
        ("2", "id", "2", "9"),
    ]
    assert found.missing == [{"id": 3, "seq": 30, "value": "c"}]
    assert found.strange == rows((7, 70, "q"))
    assert (
        str(missing_row(TABLE, found.missing[0]))
        == "things 3 *: expected {'id': 3, 'seq': 30, 'value': 'c'}, found no row"
    )
    strange = strange_row(TABLE, {"id": 7, "seq": 70})
    assert (strange.id, strange.column, strange.expected, strange.found) == (
        "7",
        "*",
        "no such row",
        "{'id': 7, 'seq': 70}",
    )
    paired = Table("pairs", ("id", "seq"), id=("id", "seq"))
    assert missing_row(paired, {"id": 1, "seq": 2}).id == "1:2"


def test_two_rows_of_one_thing_are_one_and_a_stranger() -> None:
    found = compare(TABLE, WANTED[:1], rows((1, 10, "a"), (1, 10, "a"), (8, 10, "a")))
    assert (found.altered, found.missing, len(found.strange)) == ([], [], 2)


@pytest.mark.parametrize(
    ("one", "other_", "equal"),
    [(1, 1, True), (1, 1.0, True), (True, 1, False), (1, True, False), (True, True, True), (False, 0, False),
     ([1, 2], (1, 2), True), ([1], [1, 2], False), ([1, True], [1, 1], False), ({"a": 1}, {"a": 1}, True),
     ({"a": 1}, {"a": 1, "b": 2}, False), ({"a": True}, {"a": 1}, False), ({"a": [1]}, {"a": [2]}, False),
     ({"a": 1, "b": 2}, {"a": 1, "b": 3}, False), (None, None, True),
     ("a", "b", False), ([], {}, False)],
)  # fmt: skip
def test_equal_as_the_database_means_it(one: object, other_: object, equal: bool) -> None:
    assert same(one, other_) is equal


def test_values_are_shortened() -> None:
    long = finding("t", 1, "c", "x" * 161, "y" * 160)
    assert (long.expected, long.found) == ("x" * 160 + "…", "y" * 160)
    assert finding("t", 1, "c", ["a"], {"b": 1}).expected == "['a']"


def test_what_is_not_believed_is_not_what_the_next_is_held_against() -> None:
    rows = stored()
    rows[4]["body"], rows[4]["hash"] = "{}", hash_of("{}")
    assert [one for one in told(walked(rows)) if one[1] != "4"] == []
    assert ("cycles", "4", "hash") not in told(walked(rows))


def test_facts_that_changed_are_named_in_order() -> None:
    changes = {
        "symbol": "ETH/USDT",
        "seed": 9,
        "mode": "LIVE",
        "exchange": "kraken",
        "timeframe": "5m",
        "source": "live",
    }
    walk = Walk(FACTS.model_copy(update=changes))
    walk.take(stored()[0], USED[0])
    named = [one.column for one in walk.findings if one.column in changes]
    assert named == sorted(changes)


def test_a_row_has_the_columns_of_its_table() -> None:
    with pytest.raises(ValueError, match="shorter"):
        compare(TABLE, [(1, 2)], [])


def test_a_body_that_is_another_record_is_named_as_a_body_alone() -> None:
    rows = stored()
    changed = RECORDS[4].model_copy(
        update={"as_of": RECORDS[4].as_of + timedelta(hours=1), "prev_hash": "0" * 64}
    )
    rows[4]["body"] = link(changed).body
    assert told(walked(rows)) == [("cycles", "4", "body")]


def test_the_first_record_exchanged_with_its_hash_is_named_by_the_second() -> None:
    rows = stored()
    changed = link(RECORDS[0].model_copy(update={"equity": RECORDS[0].equity + 1}))
    rows[0] |= {"body": changed.body, "hash": changed.hash}
    assert told(walked(rows))[:2] == [("cycles", "0", "seal"), ("cycles", "0", "hash")]
