"""The one error of the embedded server."""

from openoutcry.errors import StartupRefused


class EmbeddedPostgresError(StartupRefused):
    """The embedded Postgres cannot be found, made or started; the message says what to do."""

    code = "EMBEDDED_POSTGRES"
