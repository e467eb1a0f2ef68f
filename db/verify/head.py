"""A session's own row, and the anchor outside the database, against the chain that was walked."""

from collections.abc import Iterator, Mapping
from typing import Any

from db.anchor import Anchor
from openoutcry.canonical import digest
from openoutcry.ledger.audit import Finding, finding, same
from openoutcry.ledger.walk import Walk


def head_findings(
    session: Mapping[str, Any], walk: Walk, anchor: Anchor | None, anchored: tuple[str, str] | None
) -> Iterator[Finding]:
    """Every difference between the session's row and its chain.

    ``anchored`` are hash and seal of the record the anchor names, None when it was not met on the walk.
    """
    id_ = walk.facts.session_id
    if digest(session["config"]) != session["config_digest"]:
        expected = f"settings with digest {session['config_digest']}"
        yield finding(
            "sessions", id_, "config", expected, f"settings with digest {digest(session['config'])}"
        )
    if walk.facts_changed:
        return
    for column, expected in _expected(walk).items():
        if not same(expected, session[column]):
            yield finding("sessions", id_, column, expected, session[column])
    if (
        walk.last is not None
        and not walk.lost
        and (walk.last.kind == "STOP") != (session["status"] == "STOPPED")
    ):
        expected = "STOPPED" if walk.last.kind == "STOP" else "RUNNING or PAUSED"
        yield finding("sessions", id_, "status", expected, session["status"])
    if anchor is not None and anchored is not None and anchored != (anchor.hash, anchor.seal):
        label = f"{id_}:{anchor.seq}"
        yield finding("cycles", label, "hash, seal", f"{anchor.hash} {anchor.seal}", " ".join(anchored))


def end_of_chain(session: Mapping[str, Any], walk: Walk, anchor: Anchor | None) -> None:
    """Note the records that the session's head or the anchor promise and nobody finds."""
    if walk.facts_changed:
        return
    if session["head_seq"] >= walk.next_seq and session["head_hash"] != walk.hash:
        walk.end(session["head_seq"])
    if anchor is not None and anchor.seq >= walk.next_seq:
        walk.end(anchor.seq)


def _expected(walk: Walk) -> dict[str, Any]:
    expected: dict[str, Any] = {"head_seq": walk.next_seq - 1}
    if walk.hash is not None:
        expected |= {"head_hash": walk.hash, "head_seal": walk.seal}
    if not walk.lost:
        last = walk.last
        expected["as_of"] = last.as_of if last else None
        expected["final_capital"] = last.equity if last and last.kind == "STOP" else None
        expected["stats"] = walk.stats.model_dump(mode="json")
    return expected
