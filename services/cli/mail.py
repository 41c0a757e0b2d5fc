"""`handoff mail`: shows the mail folder, where letters go while no mail server is set."""

from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import click

from services.cli import settings
from services.cli.options import examples, home_option
from services.cli.screen import say


@click.command(epilog=examples("handoff mail", "handoff mail --tail 3"))
@click.option(
    "--tail", type=click.IntRange(min=1), help="Only the newest letters, this many (default: all)."
)
@home_option
def mail(tail: int | None, home: Path | None) -> None:
    """Show the letters in the mail folder, the newest last."""
    folder = settings.read(home).home / "mail"
    letters = sorted(folder.glob("**/*.eml"), key=lambda path: (path.stat().st_mtime_ns, path.name))
    if not letters:
        say(f"no letters in {folder}")
    for path in letters[-tail:] if tail else letters:
        for line in _shown(path):
            say(line)


def _shown(path: Path) -> Iterator[str]:
    """A letter as a reader wants it: its head, then its text."""
    letter = message_from_bytes(path.read_bytes(), policy=policy.default)
    yield f"--- {path.name}"
    for name in ("Date", "To", "Subject"):
        yield f"{name}: {letter.get(name, '')}"
    yield ""
    yield _text(letter)


def _text(letter: EmailMessage) -> str:
    part = letter.get_body(("plain", "html"))
    return str(part.get_content()).rstrip() + "\n" if part is not None else ""
