"""Cursors that are ours: signed for one org, one route and one set of filters, so that none is made up or carried elsewhere."""

import base64
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from api.access import caller_of
from api.floor import Floor
from api.requests import AnyRequest
from openoutcry.canonical import canonical_json
from openoutcry.errors import BadInput

MAC_BYTES = 18


@dataclass(frozen=True, slots=True)
class Cursors:
    """Of one question. ``limit`` is no part of it: a page may be longer than the one before."""

    key: bytes
    asked: bytes
    name: str = "cursor"
    """The parameter that they come back in."""

    @classmethod
    async def of(
        cls, request: AnyRequest, floor: Floor, filters: Mapping[str, Any], name: str = "cursor"
    ) -> "Cursors":
        """Of this caller's org at this route with these filters."""
        signer = await floor.doorman.signer()
        asked = question(caller_of(request).org_id, request.scope["path"], filters)
        return cls(signer.cursor_key, asked, name)

    def sealed(self, place: str | None) -> str | None:
        """A place as the caller gets it; None where there is no next page."""
        return None if place is None else f"{place}.{self._mac(place)}"

    def opened(self, cursor: str | None) -> str | None:
        """The place a cursor names. Raises BadInput for one that was not given out for this question."""
        if cursor is None:
            return None
        place, _, mac = cursor.rpartition(".")
        if not hmac.compare_digest(mac.encode("utf-8", "replace"), self._mac(place).encode()):
            raise BadInput(f"{self.name}: not one that a page of this list gave", field=self.name)
        return place

    def _mac(self, place: str) -> str:
        whole = self.asked + b"\n" + place.encode("utf-8", "replace")
        return base64.urlsafe_b64encode(hmac.digest(self.key, whole, "sha256")[:MAC_BYTES]).decode()


def question(org_id: UUID, path: str, filters: Mapping[str, Any]) -> bytes:
    """What a cursor is an answer to."""
    return canonical_json([str(org_id), path.rstrip("/"), dict(filters)])
