"""The SDKs' errors as faults. Both vendors' SDKs come from one generator and name their errors alike."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal

from openoutcry.errors import OpenOutcryError
from wire.clock import WallClock

About = Literal["key", "model", "address", "answer"]

PASSING = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
SAID: dict[int, tuple[str, About]] = {
    401: ("the key is not accepted", "key"),
    403: ("the key may not do this", "key"),
    404: ("there is no such model at this address", "model"),
}
LONGEST_WAIT_S = 86_400.0


class ProviderFault(OpenOutcryError):
    """A call that gave no completion. ``passing`` faults may be tried again, not before ``retry_after_s``."""

    code = "PROVIDER_FAULT"

    def __init__(
        self,
        message: str,
        *,
        passing: bool,
        retry_after_s: float | None = None,
        about: About = "answer",
        free: bool = False,
    ) -> None:
        """``about`` is what to look at: the key, the model's name, the address, or the answer itself. ``free``: the
        vendor cannot have charged for it.
        """
        super().__init__(message)
        self.free = free
        self.about = about
        self.passing = passing
        self.retry_after_s = retry_after_s


@contextmanager
def faults(sdk: Any, name: str) -> Iterator[None]:
    """Turn whatever an SDK's call raises into a ProviderFault; messages carry no key and no body."""
    try:
        yield
    except sdk.APITimeoutError:
        raise ProviderFault(f"{name}: no answer in time", passing=True) from None
    except sdk.APIConnectionError as error:
        why = type(error.__cause__ or error).__name__
        raise ProviderFault(f"{name}: no connection ({why})", passing=True, about="address") from None
    except sdk.APIStatusError as error:
        wait = retry_after(error.response.headers.get("retry-after"), WallClock().now())
        why, about = SAID.get(error.status_code, (f"status {error.status_code}", "answer"))
        passing = error.status_code in PASSING
        raise ProviderFault(
            f"{name}: {why}", passing=passing, retry_after_s=wait, about=about, free=True
        ) from None
    except sdk.APIError as error:
        raise ProviderFault(
            f"{name}: not an answer of this API ({type(error).__name__})", passing=True
        ) from None
    except (ValueError, TypeError, AttributeError, LookupError, ExceptionGroup) as error:
        # Broken JSON and bodies of another shape come out of the SDKs as they are.
        raise ProviderFault(
            f"{name}: not an answer of this API ({type(error).__name__})", passing=True
        ) from None


def retry_after(text: str | None, now: datetime) -> float | None:
    """Seconds of a Retry-After header: a number of them, or a date (RFC 9110, 10.2.3). None for none and for what is neither."""
    if text is None:
        return None
    try:
        wait = float(text)
    except ValueError:
        try:
            wait = (parsedate_to_datetime(text).replace(tzinfo=UTC) - now).total_seconds()
        except ValueError:
            return None
    return None if wait != wait else min(max(wait, 0.0), LONGEST_WAIT_S)
