"""Double-entry books of a venue account. Entries are only ever added: what was wrong is undone by new ones.

Four accounts: ``venue`` is what the venue holds for us, ``trade`` and ``fee`` are our own doing (their sum is profit and
loss), ``external`` is everything that is not: money moved, other bots' fills, what nothing explains.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from openoutcry.errors import Conflict, OpenOutcryError
from openoutcry.reconcile.facts import ZERO, FillFact, MoneyMove
from openoutcry.types.symbols import parse_symbol

Account = Literal["venue", "trade", "fee", "external"]


@dataclass(frozen=True, slots=True)
class Entry:
    """``amount`` of an asset into an account; negative: out of it."""

    account: Account
    asset: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Posting:
    """What happened as entries that sum to nothing in each asset. ``key`` is unique for ever: nothing is booked twice."""

    key: str
    entries: tuple[Entry, ...]


def of_fill(fill: FillFact, *, external: bool = False) -> Posting:
    """A fill of ours; or ``external``, of somebody else on the same account."""
    entries: list[Entry] = []
    doing: Account = "external" if external else "trade"
    costs: Account = "external" if external else "fee"
    fees: dict[str, Decimal] = {}
    for asset, amount in fill.fees:
        fees[asset] = fees.get(asset, ZERO) + amount
    for asset, amount in fill.flows().items():
        gross = amount + fees.get(asset, ZERO)
        if gross:
            entries += [Entry("venue", asset, gross), Entry(doing, asset, -gross)]
    for asset, amount in fees.items():
        if amount:
            entries += [Entry("venue", asset, -amount), Entry(costs, asset, amount)]
    return Posting(f"fill:{fill.symbol}:{fill.trade_id}", tuple(entries))


def of_move(move: MoneyMove) -> Posting:
    """Money that came or went. Funding and liquidation costs are ours; all else is external."""
    doing: Account = "trade" if move.kind in ("funding", "liquidation") else "external"
    return Posting(f"move:{move.move_id}", _both(doing, move.asset, move.amount))


def of_unexplained(asset: str, amount: Decimal, key: str) -> Posting:
    """A balance that nothing explains, adopted: it never was ours to earn or lose."""
    return Posting(f"unexplained:{key}:{asset}", _both("external", asset, amount))


def reversal(posting: Posting) -> Posting:
    """New entries that undo a posting, such as a fill the venue voided."""
    undone = tuple(Entry(one.account, one.asset, -one.amount) for one in posting.entries)
    return Posting(f"reversal:{posting.key}", undone)


def _both(other: Account, asset: str, amount: Decimal) -> tuple[Entry, ...]:
    return Entry("venue", asset, amount), Entry(other, asset, -amount)


class Books:
    """Postings added up. ``post`` is the only way in, and a key is taken once."""

    def __init__(self) -> None:
        self._posted: dict[str, Posting] = {}
        self._sums: dict[tuple[Account, str], Decimal] = {}
        self._positions: dict[str, Decimal] = {}

    def __len__(self) -> int:
        return len(self._posted)

    def post(self, posting: Posting) -> bool:
        """Add it; False when it was there already. Raises Conflict for other entries under the same key, and
        OpenOutcryError for entries that do not sum to nothing.
        """
        before = self._posted.get(posting.key)
        if before is not None:
            if before != posting:
                raise Conflict(f"{posting.key} is booked with other entries", field="key")
            return False
        left: dict[str, Decimal] = {}
        for entry in posting.entries:
            left[entry.asset] = left.get(entry.asset, ZERO) + entry.amount
        if any(left.values()):
            raise OpenOutcryError(f"{posting.key}: entries sum to {left}, not to nothing")
        for entry in posting.entries:
            at = entry.account, entry.asset
            self._sums[at] = self._sums.get(at, ZERO) + entry.amount
        self._posted[posting.key] = posting
        return True

    def fill(self, fill: FillFact, *, external: bool = False) -> bool:
        """Book a fill once, its position with it."""
        if not self.post(of_fill(fill, external=external)):
            return False
        if parse_symbol(fill.symbol).settle is not None:
            self._positions[fill.symbol] = self._positions.get(fill.symbol, ZERO) + fill.turn()
        return True

    def void(self, fill: FillFact) -> bool:
        """Undo a booked fill by new entries, once. Raises Conflict when it was never booked."""
        booked = self._posted.get(f"fill:{fill.symbol}:{fill.trade_id}")
        if booked is None:
            raise Conflict(f"fill {fill.trade_id} of {fill.symbol} was never booked", field="trade_id")
        if not self.post(reversal(booked)):
            return False
        if fill.turn():
            self._positions[fill.symbol] -= fill.turn()
        return True

    def balances(self, account: Account = "venue") -> dict[str, Decimal]:
        """What an account holds, by asset."""
        return {asset: amount for (name, asset), amount in self._sums.items() if name == account}

    def positions(self) -> dict[str, Decimal]:
        """Net positions of perpetuals."""
        return dict(self._positions)

    def postings(self) -> Iterable[Posting]:
        """Everything booked, in order."""
        return self._posted.values()
