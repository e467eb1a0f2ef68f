"""What a client may send. Every frame is a small JSON object; a field nobody knows is refused by name."""

from typing import Any, TypeAlias

import msgspec
from msgspec import UNSET, Struct, UnsetType

from api.ws.subscription import PARTS, Wish
from openoutcry.errors import BadInput

Names: TypeAlias = list[str] | UnsetType | None


class Ping(Struct, frozen=True, forbid_unknown_fields=True, tag="ping"):
    """CryptoFunk's ping; what it carries is not looked at."""

    timestamp: Any = None
    data: Any = None


class _Choice(Struct, frozen=True, forbid_unknown_fields=True):
    symbols: Names = UNSET
    sessions: Names = UNSET
    types: Names = UNSET

    @property
    def wish(self) -> Wish:
        """The parts that are there."""
        found = {part: getattr(self, part) for part in PARTS}
        return {part: names for part, names in found.items() if names is not UNSET}


class Auth(_Choice, frozen=True, tag="auth", kw_only=True):
    """The first frame of who sent no credential before, perhaps with a subscription."""

    token: str = ""


class Subscribe(_Choice, frozen=True, tag="subscribe"):
    """Hear these too."""


class Unsubscribe(_Choice, frozen=True, tag="unsubscribe"):
    """Hear these no more."""


Frame: TypeAlias = Ping | Auth | Subscribe | Unsubscribe
DECODER: msgspec.json.Decoder[Frame] = msgspec.json.Decoder(Ping | Auth | Subscribe | Unsubscribe)
UNREADABLE = 'unknown message; send {"type": "ping"}, "subscribe" or "unsubscribe"'


def read_frame(raw: str | bytes) -> Frame:
    """A client's frame. Raises BadInput, with a field where it is known which."""
    try:
        return DECODER.decode(raw)
    except msgspec.ValidationError as error:
        said = str(error)
        if "unknown field" in said:
            field = said.partition("`")[2].partition("`")[0][:40]
            raise BadInput(f"{field}: unknown field", field=field) from error
        if "`$.type`" in said or "`type`" in said or " - at" not in said:
            raise BadInput(UNREADABLE) from error
        field = said.rpartition("$.")[2].rstrip("`").partition("[")[0][:40]
        raise BadInput(f"{field}: {said.partition(' - at')[0]}"[:120], field=field) from error
    except (ValueError, RecursionError) as error:
        raise BadInput(UNREADABLE) from error
