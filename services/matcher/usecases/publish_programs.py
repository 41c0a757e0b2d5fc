"""Storing programs whose entry changed, each with its next version, and telling everyone."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from contracts.events.directory import TOPIC, HandoffPlace, OpeningHours, ProgramPublished
from services.chassis import outbox
from services.matcher.domain.directory import Program, program_json
from services.matcher.domain.journal import Kind
from services.matcher.store import directory, journal, requests


def publish_programs(session: Session, now: datetime, changed: Iterable[Program]) -> list[Program]:
    """Give each program its next version, store, journal and publish it; returns them so.

    Whoever waits for what such a program serves, or served, is looked at again. The caller has
    the turn, and passes programs that differ from what is stored.
    """
    newer = [replace(program, version=program.version + 1) for program in changed]
    ids = {program.id for program in newer}
    requests.wake(session, ids)  # by the needs that were served before
    directory.save_programs(session, newer)
    requests.wake(session, ids)
    entries = [(Kind.PROGRAM, program_json(program)) for program in newer]
    journal.append(session, now, entries)
    for program in newer:
        numbers = outbox.publish(session, TOPIC, program.id, [_event(program)], now)
        if numbers != [program.version]:
            raise RuntimeError(f"version {program.version} of {program.id} is out of step")
    return newer


def _event(program: Program) -> ProgramPublished:
    return ProgramPublished(
        program_id=program.id,
        agency_id=program.agency_id,
        version=program.version,
        name=program.name,
        agency_name=program.agency_name,
        sector=program.sector,
        needs=program.needs,
        time_zone=program.time_zone,
        hours=tuple(OpeningHours(**hours) for hours in program_json(program)["hours"]),
        paused=program.paused,
        active=program.active,
        training=program.training,
        paused_because=program.paused_because,
        paused_since=program.paused_since,
        paused_until=program.paused_until,
        handoff_phone=program.phone,
        handoff_address=program.places[0].address if program.places else None,
        handoff_places=tuple(HandoffPlace(place.address, place.cell) for place in program.places),
    )
