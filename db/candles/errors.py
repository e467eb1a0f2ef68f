"""What can be wrong with the candle store: a broken file, a held lock, rows that contradict stored ones."""

from pathlib import Path

from openoutcry.errors import BadInput, OpenOutcryError


class CandleFileBroken(OpenOutcryError):
    """A month file cannot be trusted. Nothing of it is used."""

    code = "CANDLE_FILE_BROKEN"

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}; delete the file and import its month again")
        self.path = path


class StoreBusy(OpenOutcryError):
    """Another writer has the series."""

    code = "CANDLE_STORE_BUSY"


class RowsConflict(BadInput):
    """Stored rows have other values for the same times, and replacing was not asked for."""

    code = "ROWS_CONFLICT"
