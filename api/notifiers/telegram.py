"""``telegram``: a bot's message. OUTCRY_ALERT_TELEGRAM_TOKEN and OUTCRY_ALERT_TELEGRAM_CHAT; OUTCRY_ALERT_TELEGRAM_API
where the bot API is not Telegram's own.
"""

from collections.abc import Mapping

from api.encoding import encode
from api.notifiers.base import Notifier, line, post
from db.alerting.raised import Raised
from openoutcry.errors import BadConfig

NAME = "telegram"
TOKEN = "OUTCRY_ALERT_TELEGRAM_TOKEN"
CHAT = "OUTCRY_ALERT_TELEGRAM_CHAT"
API = "OUTCRY_ALERT_TELEGRAM_API"


class Telegram:
    """Sends to one chat."""

    def __init__(self, api: str, token: str, chat: str) -> None:
        self._url = f"{api.rstrip('/')}/bot{token}/sendMessage"
        self._chat = chat

    async def tell(self, alert: Raised) -> None:
        """``sendMessage`` as plain text."""
        await post(self._url, encode({"chat_id": self._chat, "text": line(alert)}), {})


def configured(env: Mapping[str, str]) -> Notifier | None:
    """Needs token and chat. Raises BadConfig for a token without a chat."""
    token, chat = env.get(TOKEN, ""), env.get(CHAT, "")
    if not token:
        return None
    if not chat:
        raise BadConfig(f"{CHAT}: say to which chat", field=CHAT)
    return Telegram(env.get(API) or "https://api.telegram.org", token, chat)
