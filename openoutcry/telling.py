"""An explanation as plain text for a terminal."""

from collections.abc import Iterator
from decimal import Decimal

from openoutcry.explain import Case, Explanation, Voice
from openoutcry.falsified import Thesis
from openoutcry.minds.contamination import SAID
from openoutcry.types.amounts import plain

INDENT = "    "


def tell(explained: Explanation) -> str:
    """The whole story, in the order it happened. Agents' words cannot steer the terminal: only text is kept."""
    story = "\n".join(_lines(explained))
    return "".join(letter for letter in story if letter.isprintable() or letter == "\n")


def _lines(e: Explanation) -> Iterator[str]:
    price = f", price {plain(e.price)}" if e.price is not None else ", no usable price"
    yield f"Round {e.seq} of {e.symbol} {e.timeframe} at {e.as_of:%Y-%m-%d %H:%M} UTC ({e.source} data){price}"
    if e.kind == "ROUND":
        yield f"Decision: {e.decision}, target {e.target}, confidence {e.confidence:.2f}"
    else:
        yield f"{e.kind}: {e.reasoning}".rstrip(": ")
    if e.blocked:
        yield f"Entries blocked: {e.blocked}"
    yield from (f"Data fault: {fault}" for fault in e.faults)
    if e.voices:
        yield "\nWhat each agent said"
        for voice in e.voices:
            yield from _voice(voice)
    if e.count:
        yield "\nHow the votes were counted"
        yield from _count(e)
    if e.without:
        yield "\nWhat the decision hung on"
        yield from (INDENT + line for line in _hung(e))
    if e.thesis:
        yield "\nWhere it is proved wrong"
        yield from (INDENT + line for line in _wrong(e.thesis))
    yield "\nWhat the gate said and what was traded"
    yield from _traded(e)
    yield "\nHow it ended"
    yield INDENT + _ended(e)
    if e.kind == "ROUND":
        yield "\nThe most similar decisions before it"
        yield from (
            (INDENT + _case(case) for case in e.similar)
            if e.similar
            else (f"{INDENT}none had ended by then",)
        )
    yield f"\nRecord {e.record_hash}"


def _voice(voice: Voice) -> Iterator[str]:
    sure = "" if voice.confidence is None else f" {voice.confidence:.2f}"
    weight = f"weight {voice.weight:g}" if voice.weight else "no weight in the count"
    believed = "" if voice.believed is None else f"believed {voice.believed:.2f}, "
    read = "" if voice.read == "none" else f"; may it have read what came? {SAID[voice.read]}"
    yield f"  {voice.agent}: {voice.said}{sure} ({believed}{weight}, {voice.mind}{read})"
    if voice.instead:
        yield f"{INDENT}instead of a model: {voice.instead}"
    if voice.reasoning:
        yield from (f"{INDENT}{line}" for line in voice.reasoning.splitlines())
    for cited in voice.evidence:
        numbers = ", ".join(f"{name} {value}" for name, value in cited.numbers.items())
        yield f"{INDENT}[{cited.result_id}] {cited.tool or 'cites a result that no tool gave'}: {numbers}".rstrip(
            ": "
        )


def _count(e: Explanation) -> Iterator[str]:
    for step in e.count:
        terms = " + ".join(step.terms) or "nobody"
        over = f" over {step.total_weight:g}" if step.terms else ""
        yield f"{INDENT}{step.action} {step.score:.3f}: {terms}{over}"
    yield from (INDENT + rule for rule in e.rules)


def _hung(e: Explanation) -> Iterator[str]:
    for one in e.without:
        blocked = f", entries blocked: {one.entries_blocked}" if one.entries_blocked else ""
        same = "another decision" if one.changed else "the same"
        yield f"without {one.agent}: {one.decision} {one.confidence:.2f}{blocked} ({same})"
    if e.flip is None:
        yield "no single voice could have turned it by its confidence alone"
    else:
        turned = f"{e.flip.agent}'s {e.flip.action} at {e.flip.needed:.2f} instead of {e.flip.confidence:.2f}"
        yield f"closest call: {turned} makes it {e.flip.decision}"


def _wrong(thesis: Thesis) -> Iterator[str]:
    if thesis.falsified_at is not None:
        yield f"at {plain(thesis.falsified_at)}, at any time"
    for level in thesis.levels:
        where = f"{'at or below' if level.side == 'at_or_below' else 'at or above'} {plain(level.price)}"
        why = {
            "stop": "the floor's stop",
            "voices": f"the case of {', '.join(level.agents)} is over, and the rest decides otherwise",
            "horizon": f"by {thesis.horizon_at:%Y-%m-%d %H:%M}, costs included",
        }[level.kind]
        yield f"{where} ({level.distance:+.2%}): {why}"


def _traded(e: Explanation) -> Iterator[str]:
    if not e.orders and not e.fills:
        yield f"{INDENT}no order, no fill"
    for order in e.orders:
        yield f"{INDENT}{order.leg}: {order.text}: {order.verdict}, {order.became}"
    for fill in e.fills:
        yield f"{INDENT}filled: {fill}"
    yield f"{INDENT}equity {plain(e.equity)}, {_signed(e.equity_today)} today"


def _ended(e: Explanation) -> str:
    if e.kind != "ROUND":
        return "no decision to judge"
    if e.ended.outcome == "PENDING":
        return "not known yet"
    when = f", known {e.ended.known_at:%Y-%m-%d %H:%M}" if e.ended.known_at else ""
    pnl = f" {_signed(e.ended.pnl)}" if e.ended.pnl else ""
    return f"{e.ended.outcome}{pnl}: {e.ended.reason or 'no reason kept'}{when}"


def _case(case: Case) -> str:
    pnl = f" {_signed(case.pnl)}" if case.pnl else ""
    what = f"{case.at:%Y-%m-%d %H:%M} {case.symbol} {case.decision} {case.confidence:.2f}"
    return f"{case.similarity:.3f}  {what} → {case.outcome}{pnl} ({case.reason or 'no reason kept'})"


def _signed(amount: Decimal | None) -> str:
    return "" if amount is None else f"{'+' if amount >= 0 else ''}{plain(amount)}"
