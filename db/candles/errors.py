"""What can be wrong with the candle store: a broken file, a held lock, a full disk, rows that contradict stored ones."""

from pathlib import Path

from openoutcry.errors import BadInput, OpenOutcryError


class CandleFileBroken(OpenOutcryError):
    """A month file cannot be trusted. Nothing of it is used."""

    code = "CANDLE_FILE_BROKEN"

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"{path}: {reason}; `outcry data sync` or `repair` fetches it again, or delete it and import its month again"
        )
        self.path = path
        self.reason = reason


class StoreBusy(OpenOutcryError):
    """Another writer has the series."""

    code = "CANDLE_STORE_BUSY"


class StoreFailed(OpenOutcryError):
    """The disk did not take what was to be written; what was stored before still is."""

    code = "CANDLE_STORE_FAILED"

    def __init__(self, folder: Path, error: OSError) -> None:
        super().__init__(f"{folder}: cannot be written ({error.strerror or error}); nothing has changed")
        self.folder = folder


class RowsConflict(BadInput):
    """Stored rows have other values for the same times, and replacing was not asked for."""

    code = "ROWS_CONFLICT"
