"""An agency, or one program, takes no referrals for a while or for good, and takes them again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from contracts.problems import ConflictError, InvalidError, NotFoundError
from contracts.vocabulary import PauseReason
from services.chassis import audit
from services.chassis.actor import Actor
from services.matcher.domain.directory import Program
from services.matcher.domain.halt import Halt, Kind, Scope, Target, halted
from services.matcher.store import directory, halts, silences
from services.matcher.usecases.publish_programs import publish_programs


@dataclass(frozen=True, slots=True)
class By:
    """Who halts or resumes what; the caller has the turn."""

    session: Session
    now: datetime
    actor: Actor
    target: Target


def pause(by: By, because: PauseReason, until: datetime | None = None, **audited: int) -> None:
    """Take nobody until somebody resumes, or until a moment.

    Raises NotFoundError for what is not the actor's, ConflictError where it is paused already,
    InvalidError for a moment that is not to come.
    """
    if until is not None and until <= by.now:
        raise InvalidError("until", "must lie in the future")
    told = {"because": because.value, "until": until.isoformat() if until else None, **audited}
    _halt(by, Halt(Kind.PAUSE, by.now, because, until), "paused", told)


def resume(by: By) -> None:
    """Take referrals again; raises NotFoundError, ConflictError where it is not paused itself.

    Whoever resumes a whole agency says that it is there: its silence counts from now on.
    """
    _end(by, Kind.PAUSE, "resumed", "is not paused itself; look at its agency")
    if by.target.scope is Scope.AGENCY:
        silences.answered(by.session, by.target.id, by.now)


def close(by: By) -> None:
    """Take nobody any more; raises NotFoundError, ConflictError where it is closed already."""
    _halt(by, Halt(Kind.CLOSING, by.now), "closed", {})


def reopen(by: By) -> None:
    """Undo a closing; raises NotFoundError, ConflictError where it is not closed itself."""
    _end(by, Kind.CLOSING, "reopened", "is not closed itself; look at its agency")


def resume_over(session: Session, now: datetime, actor: Actor, limit: int) -> int:
    """End the pauses whose time is over; returns how many. The caller has the turn."""
    targets = halts.over(session, now, limit)
    for target in targets:
        by = By(session, now, actor, target)
        _end(by, Kind.PAUSE, "resumed", "is not paused")
    return len(targets)


def _halt(by: By, halt: Halt, did: str, told: Mapping[str, object]) -> None:
    agency_id, programs = _found(by)
    if halts.has(by.session, by.target, halt.kind):
        raise ConflictError(f"the {by.target.scope} is {did} already")
    halts.add(by.session, by.target, agency_id, halt)
    _tell(by, agency_id, programs)
    _audit(by, did, told)


def _end(by: By, kind: Kind, did: str, otherwise: str) -> None:
    agency_id, programs = _found(by)
    if not halts.remove(by.session, by.target, kind):
        raise ConflictError(f"the {by.target.scope} {otherwise}")
    _tell(by, agency_id, programs)
    _audit(by, did, {})


def _found(by: By) -> tuple[str, list[Program]]:
    """The agency of the target and the programs that it is about, all locked."""
    if by.target.scope is Scope.PROGRAM:
        program = directory.lock_program(by.session, by.target.id)
        agency_id, programs = (program.agency_id, [program]) if program else (None, [])
    else:
        agency = directory.lock_agency(by.session, by.target.id)
        agency_id = agency.id if agency else None
        programs = directory.lock_programs_of(by.session, by.target.id)
    if agency_id is None or by.actor.agency_id not in {None, agency_id}:
        raise NotFoundError(by.target.scope.value)
    return agency_id, programs


def _tell(by: By, agency_id: str, programs: list[Program]) -> None:
    """Publish the programs for which the halts that stand now make a difference."""
    found = halts.of_agencies(by.session, [agency_id])
    newer = [(program, halted(program, halts.on(program, found))) for program in programs]
    publish_programs(by.session, by.now, [new for old, new in newer if new != old])


def _audit(by: By, did: str, told: Mapping[str, object]) -> None:
    """The chain of a program bears its id; no id of a program has a colon."""
    scope, ident = by.target.scope, by.target.id
    subject = ident if scope is Scope.PROGRAM else f"{scope}:{ident}"
    audit.record(by.session, subject, by.now, by.actor, f"{scope}.{did}", **told)
