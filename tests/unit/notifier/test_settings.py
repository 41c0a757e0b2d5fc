"""The notifier's settings: what stands where nothing is said, and what is refused by name."""

import pytest

from services.chassis.settings import SettingError
from services.notifier import settings
from services.notifier.channels.smtp import SmtpServer


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in settings.NAMES:
        monkeypatch.delenv(f"HANDOFF_{name}", raising=False)


def test_without_settings_mail_goes_into_a_folder_and_links_lead_here() -> None:
    found = settings.read()
    assert found.smtp is None
    assert found.public_url == "http://127.0.0.1:8000"


def test_a_mail_server_and_a_public_address_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANDOFF_SMTP_URL", "smtp://me:secret@mail.example.org:587")
    monkeypatch.setenv("HANDOFF_PUBLIC_URL", "https://handoff.example.org/")
    monkeypatch.setenv("HANDOFF_MAIL_FROM", "post@example.org")
    found = settings.read()
    assert found.smtp == SmtpServer(
        host="mail.example.org",
        port=587,
        user="me",
        password="secret",  # noqa: S106
    )
    assert found.public_url == "https://handoff.example.org"
    assert found.mail_from == "post@example.org"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PUBLIC_URL", "handoff.example.org"),
        ("PUBLIC_URL", "https://handoff.example.org/?a=1"),
        ("SMTP_URL", "mail.example.org"),
        ("SMTP_URL", "smtp://me:secret@"),
        ("SMTP_URL", "smtp://me:secret@host:many"),
        ("MAIL_FROM", "Handoff"),
        ("MAIL_FROM", "a@example.org\nBcc: b@example.org"),
    ],
)
def test_a_wrong_setting_is_named_and_its_value_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"HANDOFF_{name}", value)
    with pytest.raises(SettingError, match=f"HANDOFF_{name}") as caught:
        settings.read()
    assert "secret" not in str(caught.value)
