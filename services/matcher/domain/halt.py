"""What keeps an agency or one program from taking referrals: a pause, or that it closed."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from contracts.vocabulary import PauseReason
from services.matcher.domain.directory import Program

_NEVER: Final = datetime.max.replace(tzinfo=UTC)


class Kind(StrEnum):
    """A pause ends some day; a closing does not, unless an admin says that it was a mistake."""

    PAUSE = "pause"
    CLOSING = "closing"


class Scope(StrEnum):
    """Whom a halt is of."""

    AGENCY = "agency"
    PROGRAM = "program"


@dataclass(frozen=True, slots=True)
class Target:
    """An agency with all its programs, or one program."""

    scope: Scope
    id: str


@dataclass(frozen=True, slots=True)
class Halt:
    """Since when a target takes nobody; only a pause has a reason and may end by itself."""

    kind: Kind
    since: datetime
    because: PauseReason | None = None
    until: datetime | None = None


def halted(program: Program, halts: Iterable[Halt]) -> Program:
    """The program as its own halts and its agency's leave it; of two pauses the longer is told."""
    found = list(halts)
    pauses = [halt for halt in found if halt.kind is Kind.PAUSE]
    longest = max(pauses, key=lambda halt: halt.until or _NEVER, default=None)
    return replace(
        program,
        active=program.listed and len(pauses) == len(found),
        paused=longest is not None,
        paused_because=longest.because if longest else None,
        paused_since=longest.since if longest else None,
        paused_until=longest.until if longest else None,
    )
