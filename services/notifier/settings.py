"""The notifier's own settings, read from the environment once, at start."""

from dataclasses import dataclass
from email.utils import parseaddr
from typing import Final
from urllib.parse import urlsplit

from environs import Env, EnvError

from services.chassis.settings import PREFIX, SettingError
from services.notifier.channels.smtp import SmtpServer, server_of

OWN_ADDRESS: Final = "http://127.0.0.1:8000"
NAMES: Final = frozenset({"PUBLIC_URL", "SMTP_URL", "MAIL_FROM"})


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifierSettings:
    """``public_url`` opens every link in a letter; without ``smtp`` mail goes into a folder."""

    public_url: str
    smtp: SmtpServer | None
    mail_from: str


def read(address: str = OWN_ADDRESS) -> NotifierSettings:
    """Read and check the notifier's settings; raises SettingError naming the first wrong one.

    ``address`` is where the suite answers: links lead there unless HANDOFF_PUBLIC_URL is set.
    """
    env = Env(eager=True, prefix=PREFIX)
    try:
        public_url = env.str("PUBLIC_URL", address)
        smtp_url = env.str("SMTP_URL", "")
        mail_from = env.str("MAIL_FROM", "Handoff <handoff@localhost>")
    except EnvError as error:
        raise SettingError(str(error)) from None
    return NotifierSettings(
        public_url=_checked_url(public_url),
        smtp=_checked_server(smtp_url) if smtp_url else None,
        mail_from=_checked_sender(mail_from),
    )


def _checked_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.netloc or parts.query or parts.fragment:
        raise SettingError("HANDOFF_PUBLIC_URL must look like https://handoff.example.org")
    return url.rstrip("/")


def _checked_server(url: str) -> SmtpServer:
    try:
        return server_of(url)
    except ValueError:  # its text may show a password
        right = "smtp://user:password@host:587 or smtps://host"
        raise SettingError(f"HANDOFF_SMTP_URL must look like {right}") from None


def _checked_sender(sender: str) -> str:
    _, address = parseaddr(sender)
    name, _, domain = address.rpartition("@")
    if not name or not domain or not sender.isprintable():
        raise SettingError("HANDOFF_MAIL_FROM must look like Handoff <handoff@example.org>")
    return sender
