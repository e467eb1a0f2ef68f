"""``slack``: an incoming webhook, OUTCRY_ALERT_SLACK_URL. Its URL is its secret."""

from collections.abc import Mapping

from api.encoding import encode
from api.notifiers.base import Notifier, line, post
from db.alerting.raised import Raised

NAME = "slack"
URL = "OUTCRY_ALERT_SLACK_URL"


class Slack:
    """Posts one line of text."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def tell(self, alert: Raised) -> None:
        """POST ``{text}``; Slack's own marks are escaped."""
        text = line(alert).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        await post(self._url, encode({"text": text}), {})


def configured(env: Mapping[str, str]) -> Notifier | None:
    """Needs the URL."""
    return Slack(env[URL]) if env.get(URL) else None
