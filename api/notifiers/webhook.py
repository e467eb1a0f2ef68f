"""``webhook``: a signed POST to OUTCRY_ALERT_WEBHOOK_URL.

``X-Outcry-Signature`` is ``sha256=`` and the hex HMAC-SHA256, under OUTCRY_ALERT_WEBHOOK_SECRET, of the header
``X-Outcry-Timestamp`` (seconds since 1970), a point, and the body.
"""

import hashlib
import hmac
from collections.abc import Mapping

from api.encoding import encode
from api.notifiers.base import Notifier, post
from db.alerting.raised import Raised, said
from openoutcry.errors import BadConfig
from wire.clock import WallClock

NAME = "webhook"
URL = "OUTCRY_ALERT_WEBHOOK_URL"
SECRET = "OUTCRY_ALERT_WEBHOOK_SECRET"
LEAST_SECRET = 16


class Webhook:
    """Signs what it sends."""

    def __init__(self, url: str, secret: bytes) -> None:
        self._url = url
        self._secret = secret

    async def tell(self, alert: Raised) -> None:
        """POST ``{type, data}``."""
        body = encode({"type": "new_alert", "data": said(alert)})
        at = str(int(WallClock().now().timestamp()))
        signature = hmac.new(self._secret, f"{at}.".encode() + body, hashlib.sha256).hexdigest()
        headers = {
            "X-Outcry-Timestamp": at,
            "X-Outcry-Signature": f"sha256={signature}",
            "X-Outcry-Alert": str(alert.id),
        }
        await post(self._url, body, headers)


def configured(env: Mapping[str, str]) -> Notifier | None:
    """Needs both variables. Raises BadConfig for a URL without a secret worth the name."""
    url = env.get(URL, "")
    if not url:
        return None
    secret = env.get(SECRET, "").encode()
    if len(secret) < LEAST_SECRET:
        raise BadConfig(f"{SECRET}: {URL} needs a secret of {LEAST_SECRET} bytes or more", field=SECRET)
    return Webhook(url, secret)
