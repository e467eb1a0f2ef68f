"""The exchange's own books: double entry in whole units. They are the oracle that a bot's ledger is compared with."""

from collections import defaultdict
from dataclasses import dataclass

from sandbox.refusal import poor

HOUSE = "house"
FEES = "fees"
OUTSIDE = "outside"


@dataclass(frozen=True)
class Entry:
    """One movement of one asset from one account to another."""

    number: int
    time_ms: int
    source: str
    target: str
    asset: str
    units: int
    reason: str
    reference: str


class Ledger:
    """Free and locked units by account and asset. The house, fees and the outside may go below zero; users may not."""

    def __init__(self) -> None:
        self.free: dict[tuple[str, str], int] = defaultdict(int)
        self.locked: dict[tuple[str, str], int] = defaultdict(int)
        self.entries: list[Entry] = []

    def assets(self, account: str) -> list[str]:
        """Assets that the account holds or held, in order."""
        held = {asset for owner, asset in (*self.free, *self.locked) if owner == account}
        return sorted(held)

    def total(self, account: str, asset: str) -> int:
        return self.free[account, asset] + self.locked[account, asset]

    def lock(self, account: str, asset: str, units: int) -> None:
        """Set aside what an order may spend. Raises -2010 when there is too little."""
        if self.free[account, asset] < units:
            raise poor()
        self.free[account, asset] -= units
        self.locked[account, asset] += units

    def unlock(self, account: str, asset: str, units: int) -> None:
        self.locked[account, asset] -= units
        self.free[account, asset] += units

    def move(
        self, time_ms: int, source: str, target: str, asset: str, units: int, reason: str, reference: str = ""
    ) -> None:
        """Book one movement. A negative amount moves the other way round; nothing is booked for zero."""
        if units == 0:
            return
        if units < 0:
            source, target, units = target, source, -units
        self.free[source, asset] -= units
        self.free[target, asset] += units
        self.entries.append(
            Entry(len(self.entries) + 1, time_ms, source, target, asset, units, reason, reference)
        )

    def difference(self) -> dict[str, int]:
        """Units by asset that do not add up to zero over all accounts: always empty."""
        sums: dict[str, int] = defaultdict(int)
        for table in (self.free, self.locked):
            for (_, asset), units in table.items():
                sums[asset] += units
        return {asset: units for asset, units in sums.items() if units}
