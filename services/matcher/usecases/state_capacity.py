"""An agency states how many places a program has; or the imported directory does."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from contracts.problems import InvalidError, NotFoundError, Problem, ProblemError
from services.chassis import audit
from services.chassis.actor import Actor
from services.matcher.domain.capacity import StatedBy, Statement, counts_from
from services.matcher.domain.journal import Kind, statement_json
from services.matcher.store import capacity, directory, journal, requests
from services.matcher.store.capacity import Stated


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """What an agency says; ``as_of`` None = now."""

    available: int
    maximum: int | None = None
    as_of: datetime | None = None
    accepted_counted: bool = True


@dataclass(frozen=True, slots=True)
class Edit:
    """Who edits which version of what."""

    actor: Actor
    program_id: str
    version: int


def state_capacity(
    session: Session, now: datetime, edit: Edit, places: Places, allowance: timedelta
) -> Stated:
    """Replace a program's statement; the caller has the turn.

    Raises ProblemError where there is no such program for the caller, where the version is not
    the newest, and where the statement lies in the future or before the one that stands.
    """
    program = directory.lock_program(session, edit.program_id)
    if program is None or edit.actor.agency_id not in {None, program.agency_id}:
        raise NotFoundError("program")
    before = capacity.lock_stated(session, [program.id]).get(program.id)
    _check_version(before, edit.version)
    statement = statement_of(places, now, allowance)
    _check_time(statement.stated_at, now, before)
    store_statements(session, now, {program.id: statement})
    audit.record(session, program.id, now, edit.actor, "capacity.stated", version=edit.version + 1)
    return capacity.lock_stated(session, [program.id])[program.id]


def statement_of(places: Places, now: datetime, allowance: timedelta) -> Statement:
    """What an agency says, as a statement of its own."""
    stated_at = places.as_of or now
    return Statement(
        available=places.available,
        maximum=places.maximum,
        stated_at=stated_at,
        counts_from=counts_from(stated_at, allowance),
        accepted_counted=places.accepted_counted,
        stated_by=StatedBy.AGENCY,
    )


def store_statements(session: Session, now: datetime, statements: Mapping[str, Statement]) -> None:
    """Store and journal new statements; whoever waits for such a place is looked at again."""
    capacity.save_statements(session, statements)
    entries = [(Kind.CAPACITY, statement_json(*item)) for item in sorted(statements.items())]
    journal.append(session, now, entries)
    requests.wake(session, statements.keys())


def _check_version(before: Stated | None, expected: int) -> None:
    version = before.version if before else 0
    if version != expected:
        raise ProblemError(Problem.STALE, f'the newest version is "{version}"; read it again')


def _check_time(stated_at: datetime, now: datetime, before: Stated | None) -> None:
    if stated_at > now:
        raise InvalidError("as_of", "must not lie in the future")
    if before is not None and stated_at < before.statement.stated_at:
        since = before.statement.stated_at.isoformat()
        raise InvalidError("as_of", f"must not lie before the statement that stands, of {since}")
