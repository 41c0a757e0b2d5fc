"""An agency takes no referrals for a while, and takes them again."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from contracts.problems import ConflictError, NotFoundError
from services.chassis import audit
from services.chassis.actor import Actor
from services.matcher.domain.directory import Program
from services.matcher.store import directory
from services.matcher.usecases.publish_programs import publish_programs


def set_paused(
    session: Session, now: datetime, actor: Actor, program_id: str, *, paused: bool
) -> Program:
    """Pause or resume a program; the caller has the turn.

    Raises NotFoundError for another agency's program, ConflictError where it is so already.
    """
    program = directory.lock_program(session, program_id)
    if program is None or actor.agency_id not in {None, program.agency_id}:
        raise NotFoundError("program")
    if program.paused is paused:
        raise ConflictError("the program is paused" if paused else "the program is not paused")
    action = "program.paused" if paused else "program.resumed"
    audit.record(session, program.id, now, actor, action)
    return publish_programs(session, now, [replace(program, paused=paused)])[0]
