"""What every mail channel must do: one suite, the folder and a real SMTP server."""

import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope

from services.notifier.channels.folder import MailFolder
from services.notifier.channels.letters import Letter
from services.notifier.channels.mail import DeliveryError, MailChannel
from services.notifier.channels.smtp import SmtpMail, SmtpServer, server_of
from tests.integration.notifier.certificate import write_certificate
from tests.integration.notifier.conftest import read_mail

SENDER: Final = "Handoff <post@example.org>"
LETTER: Final = Letter(
    notice_id=UUID(int=7),
    to=("desk@harbour.example.org", "night@harbour.example.org"),
    subject="New referral 7QK4-M2XD",
    body="A new referral.\n",
    written_at=datetime(2027, 3, 1, 15, 0, tzinfo=UTC),
)


@dataclass(slots=True)
class PostOffice:
    """An SMTP server's memory; it refuses whom it is told to."""

    raw: list[bytes] = field(default_factory=list)
    refuse: bool = False

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:  # noqa: N802
        if self.refuse:
            return "451 try later: desk@harbour.example.org"
        assert isinstance(envelope.original_content, bytes)
        self.raw.append(envelope.original_content)
        return "250 OK"


@dataclass(frozen=True, slots=True)
class Rig:
    """A channel, what arrived through it, and how to break it."""

    channel: MailChannel
    arrived: Callable[[], list[EmailMessage]]
    break_it: Callable[[], None]


@pytest.fixture
def office() -> Iterator[tuple[PostOffice, SmtpServer]]:
    memory = PostOffice()
    controller = Controller(memory, hostname="127.0.0.1", port=_free_port())
    controller.start()
    yield memory, SmtpServer(host="127.0.0.1", port=controller.port)
    controller.stop()


@pytest.fixture(params=["folder", "smtp"])
def rig(
    request: pytest.FixtureRequest, tmp_path: Path, office: tuple[PostOffice, SmtpServer]
) -> Rig:
    return _folder(tmp_path / "mail") if request.param == "folder" else _smtp(*office)


def _folder(folder: Path) -> Rig:
    def block() -> None:
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()
        folder.write_text("not a folder")

    def arrived() -> list[EmailMessage]:
        return [read_mail(path.read_bytes()) for path in sorted(folder.iterdir())]

    return Rig(MailFolder(folder, SENDER), arrived, block)


def _smtp(memory: PostOffice, server: SmtpServer) -> Rig:
    def arrived() -> list[EmailMessage]:
        return [read_mail(raw) for raw in memory.raw]

    def block() -> None:
        memory.refuse = True

    return Rig(SmtpMail(server, SENDER), arrived, block)


def test_a_letter_arrives_whole(rig: Rig) -> None:
    rig.channel.send(LETTER)
    (mail,) = rig.arrived()
    assert mail["From"] == SENDER
    assert mail["To"] == "desk@harbour.example.org, night@harbour.example.org"
    assert mail["Subject"] == LETTER.subject
    assert mail["Date"].datetime == LETTER.written_at
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content_type() == "text/plain"
    assert mail.get_content().replace("\r\n", "\n") == LETTER.body


def test_a_letter_sent_again_is_recognisable_by_its_notice(rig: Rig) -> None:
    rig.channel.send(LETTER)
    rig.channel.send(LETTER)
    assert {mail["Message-ID"] for mail in rig.arrived()} == {f"<{UUID(int=7)}@example.org>"}


def test_a_letter_that_is_not_taken_raises_a_reason_without_addresses(rig: Rig) -> None:
    rig.channel.send(LETTER)
    rig.break_it()
    with pytest.raises(DeliveryError) as caught:
        rig.channel.send(LETTER)
    assert "@" not in str(caught.value)
    assert str(caught.value)


def test_the_folder_keeps_one_file_per_notice_and_no_draft(tmp_path: Path) -> None:
    channel = MailFolder(tmp_path / "mail", SENDER)
    channel.send(LETTER)
    channel.send(LETTER)
    assert [p.name for p in (tmp_path / "mail").iterdir()] == [f"{UUID(int=7)}.eml"]


def test_a_server_that_is_away_raises_the_kind_of_fault_only() -> None:
    away = SmtpMail(SmtpServer(host="127.0.0.1", port=_free_port()), SENDER)
    with pytest.raises(DeliveryError, match=r"^SMTP: ConnectionRefusedError$"):
        away.send(LETTER)


def test_a_password_is_never_sent_unencrypted(office: tuple[PostOffice, SmtpServer]) -> None:
    memory, server = office
    open_text = SmtpServer(host=server.host, port=server.port, user="me", password="secret")  # noqa: S106
    with pytest.raises(DeliveryError, match="no encryption"):
        SmtpMail(open_text, SENDER).send(LETTER)
    assert memory.raw == []


def test_a_server_whose_certificate_nobody_vouches_for_gets_no_letter(
    tmp_path: Path,
) -> None:
    memory = PostOffice()
    port = _free_port()
    controller = Controller(
        memory,
        hostname="127.0.0.1",
        port=port,
        tls_context=_own_certificate(tmp_path),
        require_starttls=True,
    )
    controller.start()
    try:
        with pytest.raises(DeliveryError, match="SSLCertVerificationError"):
            SmtpMail(SmtpServer(host="127.0.0.1", port=port), SENDER).send(LETTER)
    finally:
        controller.stop()
    assert memory.raw == []


def test_a_server_is_read_from_its_url() -> None:
    assert server_of("smtp://me:p%40ss@mail.example.org:587") == SmtpServer(
        host="mail.example.org",
        port=587,
        user="me",
        password="p@ss",  # noqa: S106
    )
    assert server_of("smtps://mail.example.org") == SmtpServer(
        host="mail.example.org", port=465, implicit_tls=True
    )


@pytest.mark.parametrize(
    "url", ["mail.example.org", "http://x", "smtp://", "smtp://h:port", "smtp://h/x"]
)
def test_what_is_no_mail_server_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        server_of(url)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _own_certificate(folder: Path) -> ssl.SSLContext:
    pem = write_certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context
