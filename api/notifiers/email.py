"""``email``: SMTP to OUTCRY_ALERT_SMTP_HOST (``host`` or ``host:port``), from and to OUTCRY_ALERT_EMAIL_FROM and _TO.

With OUTCRY_ALERT_SMTP_USER it logs in, with OUTCRY_ALERT_SMTP_PASSWORD, over STARTTLS; without it sends as it is.
"""

import asyncio
import smtplib
import ssl
from collections.abc import Mapping
from email.message import EmailMessage

from api.notifiers.base import TIMEOUT_S, Notifier, Undelivered, line
from db.alerting.raised import Raised
from openoutcry.errors import BadConfig

NAME = "email"
HOST = "OUTCRY_ALERT_SMTP_HOST"
USER = "OUTCRY_ALERT_SMTP_USER"
PASSWORD = "OUTCRY_ALERT_SMTP_PASSWORD"
FROM = "OUTCRY_ALERT_EMAIL_FROM"
TO = "OUTCRY_ALERT_EMAIL_TO"


class Email:
    """One connection a message."""

    def __init__(self, host: str, port: int, sender: str, to: str, login: tuple[str, str] | None) -> None:
        self._host, self._port = host, port
        self._sender, self._to = sender, to
        self._login = login

    async def tell(self, alert: Raised) -> None:
        """Send it from a thread: smtplib waits."""
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self._sender, self._to, line(alert)[:200]
        message.set_content(f"{line(alert)}\n\n{alert.created_at.isoformat()}\n{alert.id}\n")
        try:
            await asyncio.to_thread(self._send, message)
        except smtplib.SMTPResponseException as error:
            raise Undelivered(f"SMTP {error.smtp_code}") from error
        except smtplib.SMTPException as error:
            raise Undelivered(type(error).__name__) from error

    def _send(self, message: EmailMessage) -> None:
        with smtplib.SMTP(self._host, self._port, timeout=TIMEOUT_S) as server:
            if self._login is not None:
                server.starttls(context=ssl.create_default_context())
                server.login(*self._login)
            server.send_message(message)


def configured(env: Mapping[str, str]) -> Notifier | None:
    """Needs host, sender and receiver. Raises BadConfig for a host without them."""
    if not env.get(HOST):
        return None
    for name in (FROM, TO):
        if not env.get(name):
            raise BadConfig(f"{name}: {HOST} needs it", field=name)
    host, _, port = env[HOST].partition(":")
    if port and not (port.isdigit() and 0 < int(port) < 65536):
        raise BadConfig(f"{HOST}: {port[:10]!r} is no port", field=HOST)
    login = (env[USER], env.get(PASSWORD, "")) if env.get(USER) else None
    return Email(host, int(port or (587 if login else 25)), env[FROM], env[TO], login)
