"""Letters: thin texts with nothing of the person, written from a template for each notice."""

from dataclasses import asdict, dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from functools import cache
from pathlib import Path
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from contracts.vocabulary import Sector, Urgency
from services.notifier.domain.notices import Template

# Days and months by hand: strftime would follow the machine's language.
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """All that a letter may speak of."""

    template: Template
    reference: str
    sector: Sector | None
    urgency: Urgency
    training: bool
    deadline_at: datetime | None
    time_zone: str
    link: str
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A plain text to some addresses; ``notice_id`` makes a second copy recognisable.

    One that is another text whenever it is written has the number of its ``writing``, and is no
    copy of the one before; 0 for all others.
    """

    notice_id: UUID
    to: tuple[str, ...]
    subject: str
    body: str
    written_at: datetime
    writing: int = 0


def write(subject: Subject, notice_id: UUID, to: tuple[str, ...], now: datetime) -> Letter:
    """The letter of a notice: the first line of its template is the subject line."""
    deadline = local(subject.deadline_at, subject.time_zone) if subject.deadline_at else ""
    sector = subject.sector.replace("_", " ") if subject.sector else ""
    words = asdict(subject) | {"deadline": deadline, "sector": sector}
    text = _texts().get_template(f"{subject.template}.txt").render(words)
    first, _, rest = text.partition("\n")
    return Letter(
        notice_id=notice_id, to=to, subject=first.strip(), body=rest.strip() + "\n", written_at=now
    )


def as_message(letter: Letter, sender: str) -> EmailMessage:
    """The letter as mail; a copy of it has the same Message-ID whenever it is sent."""
    message = EmailMessage()
    domain = parseaddr(sender)[1].rpartition("@")[2]
    name = f"{letter.notice_id}.{letter.writing}" if letter.writing else letter.notice_id
    message["Message-ID"] = f"<{name}@{domain}>"
    message["Date"] = format_datetime(letter.written_at)
    message["From"] = sender
    message["To"] = ", ".join(letter.to)
    message["Subject"] = letter.subject
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.body)
    return message


def local(moment: datetime, time_zone: str) -> str:
    """A moment as the agency's clock shows it; a zone that nobody knows is told as UTC."""
    try:
        zone = ZoneInfo(time_zone)
    except (KeyError, OSError, ValueError):  # whichever a bad name meets first
        zone = ZoneInfo("UTC")
    there = moment.astimezone(zone)
    day = f"{_DAYS[there.weekday()]} {there.day} {_MONTHS[there.month - 1]} {there.year}"
    return f"{there:%H:%M} on {day} ({zone.key})"


@cache
def _texts() -> Environment:
    folder = Path(__file__).parent / "texts"
    # Plain text, never HTML: escaping would garble it.
    return Environment(
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701
        trim_blocks=True,
    )
