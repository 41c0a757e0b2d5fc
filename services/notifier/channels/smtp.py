"""Mail through an SMTP server, encrypted wherever the server can."""

import smtplib
import ssl
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

from services.notifier.channels.letters import Letter, as_message
from services.notifier.channels.mail import DeliveryError

TIMEOUT_S: Final = 10.0
_PORTS: Final = {"smtp": 25, "smtps": 465}


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpServer:
    """Where mail is handed in; ``implicit_tls`` = smtps://."""

    host: str
    port: int
    implicit_tls: bool = False
    user: str | None = None
    password: str | None = None


def server_of(url: str) -> SmtpServer:
    """Read smtp://user:password@host:587 or smtps://...; raises ValueError without the URL."""
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname or parts.path.strip("/"):
        raise ValueError("must look like smtp://user:password@host:587 or smtps://host")
    return SmtpServer(
        host=parts.hostname,
        port=parts.port or _PORTS[parts.scheme],
        implicit_tls=parts.scheme == "smtps",
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
    )


class SmtpMail:
    """Hands each letter to the server on a connection of its own."""

    def __init__(self, server: SmtpServer, sender: str) -> None:
        self._server = server
        self._sender = sender

    def send(self, letter: Letter) -> None:
        """Hand the letter in; raises DeliveryError where the server takes it for nobody."""
        try:
            with self._connection() as connection:
                self._sign_in(connection)
                connection.send_message(as_message(letter, self._sender))
        except smtplib.SMTPResponseException as error:
            raise DeliveryError(f"SMTP {error.smtp_code}") from None
        # Their texts name addresses and hosts; the kind of error is enough to act on.
        except (smtplib.SMTPException, OSError) as error:
            raise DeliveryError(f"SMTP: {type(error).__name__}") from None

    def _connection(self) -> smtplib.SMTP:
        if self._server.implicit_tls:
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(
                self._server.host, self._server.port, timeout=TIMEOUT_S, context=context
            )
        return smtplib.SMTP(self._server.host, self._server.port, timeout=TIMEOUT_S)

    def _sign_in(self, connection: smtplib.SMTP) -> None:
        connection.ehlo()
        encrypted = self._server.implicit_tls
        if not encrypted and connection.has_extn("starttls"):
            connection.starttls(context=ssl.create_default_context())
            connection.ehlo()
            encrypted = True
        if self._server.user is None:
            return
        if not encrypted:
            raise DeliveryError("SMTP: the server offers no encryption for the password")
        connection.login(self._server.user, self._server.password or "")
