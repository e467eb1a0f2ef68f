"""The running settings as they were last written out: they are asked for often and change seldom."""

from collections.abc import Callable

from openoutcry.settings import Settings


class Told:
    """One answer, for as long as it is about the same settings."""

    _settings: Settings | None = None
    _text: bytes = b""

    def of(self, settings: Settings, write: Callable[[], bytes]) -> bytes:
        """What ``write`` made of these settings, now or the last time."""
        if settings is not self._settings:
            self._settings, self._text = settings, write()
        return self._text
