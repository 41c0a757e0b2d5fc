"""Taking over a directory in tabular HSDS: all of it, or with leave the part that is right."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from services.chassis import audit
from services.chassis.actor import Actor
from services.matcher.domain.capacity import StatedBy, Statement, counts_from
from services.matcher.domain.directory import Program
from services.matcher.domain.halt import Halt, Target, halted
from services.matcher.hsds.parse import Parsed, StatedPlaces, parse
from services.matcher.hsds.rows import Rejection, Tables
from services.matcher.store import capacity, directory, halts
from services.matcher.store.capacity import Stated
from services.matcher.usecases.publish_programs import publish_programs
from services.matcher.usecases.state_capacity import store_statements

SUBJECT: Final = "directory imports"


@dataclass(frozen=True, slots=True)
class Source:
    """A directory as it came: its tables, and the zone of its local times."""

    tables: Tables
    time_zone: str
    accept_partial: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import did; ``changed`` and ``unchanged`` count programs."""

    applied: bool
    agencies: int
    programs: int
    changed: int = 0
    unchanged: int = 0
    statements: int = 0
    rejected: tuple[Rejection, ...] = ()
    warnings: tuple[str, ...] = ()


def import_directory(
    session: Session, now: datetime, actor: Actor, source: Source, allowance: timedelta
) -> Imported:
    """Apply a directory in the caller's transaction; with a rejection only where partial is asked.

    What an agency stated itself (its places, a pause) stays, and so does what an admin closed. The
    caller has the turn.
    """
    parsed = parse(source.tables, source.time_zone)
    found = Imported(
        applied=False,
        agencies=len(parsed.agencies),
        programs=len(parsed.programs),
        rejected=parsed.rejected,
        warnings=parsed.warnings,
    )
    if parsed.rejected and not source.accept_partial:
        return found
    changed, missing = _store_programs(session, now, parsed)
    stated, kept = _store_capacity(session, now, parsed.capacity, allowance)
    counts = {"changed": changed, "statements": stated, "rejected": len(parsed.rejected)}
    audit.record(session, SUBJECT, now, actor, "directory.imported", **counts)
    return replace(
        found,
        applied=True,
        changed=changed,
        unchanged=len(parsed.programs) - changed,
        statements=stated,
        warnings=(*parsed.warnings, *missing, *kept),
    )


def _store_programs(session: Session, now: datetime, parsed: Parsed) -> tuple[int, list[str]]:
    """How many programs changed, and warnings about those that the directory no longer has."""
    known, stored = directory.agencies(session), directory.every_program(session)
    directory.save_agencies(session, [a for a in parsed.agencies if known.get(a.id) != a])
    before = [stored[program.id] for program in parsed.programs if program.id in stored]
    agencies = {program.agency_id for program in [*parsed.programs, *before]}
    stopped = halts.of_agencies(session, agencies)
    programs = [_as_stored(program, stored, stopped) for program in parsed.programs]
    changed = [program for program in programs if program != stored.get(program.id)]
    missing = sorted(stored.keys() - {program.id for program in parsed.programs})
    names = {agency.id: agency.name for agency in parsed.agencies}
    renamed = [new for key in missing if (new := _renamed(stored[key], names)) != stored[key]]
    publish_programs(session, now, [*changed, *renamed])
    return len(changed), [
        f"services {key}: not in this directory; left as it was" for key in missing
    ]


def _as_stored(
    program: Program, stored: Mapping[str, Program], stopped: Mapping[Target, Iterable[Halt]]
) -> Program:
    """The program with what is not the directory's to say."""
    before = stored.get(program.id)
    listed = replace(program, listed=program.active, version=before.version if before else 0)
    return halted(listed, halts.on(listed, stopped))


def _renamed(program: Program, names: Mapping[str, str]) -> Program:
    """A program that the directory leaves out still bears its agency's newest name."""
    return replace(program, agency_name=names.get(program.agency_id, program.agency_name))


def _store_capacity(
    session: Session, now: datetime, stated: Iterable[StatedPlaces], allowance: timedelta
) -> tuple[int, list[str]]:
    """How many statements are new, and warnings about those that did not count."""
    offered = {places.program_id: places for places in stated}
    before = capacity.lock_stated(session, offered.keys())
    news: dict[str, Statement] = {}
    kept: list[str] = []
    for program_id, places in offered.items():
        reason = _why_kept(places, before.get(program_id))
        if reason is not None:
            kept.append(f"service_capacity of {program_id}: {reason}")
        elif not _is_same(places, before.get(program_id), now):
            news[program_id] = _statement(places, now, allowance)
    store_statements(session, now, news)
    return len(news), kept


def _why_kept(places: StatedPlaces, before: Stated | None) -> str | None:
    if before is None:
        return None
    if before.statement.stated_by is StatedBy.AGENCY:
        return "the agency stated its places itself; that stays"
    if places.updated < before.statement.stated_at:
        return "it is older than what stands; that stays"
    return None


def _is_same(places: StatedPlaces, before: Stated | None, now: datetime) -> bool:
    if before is None:
        return False
    stated = before.statement
    figures = (places.available, places.maximum) == (stated.available, stated.maximum)
    # A time still to come was stored as the time of its import.
    return figures and (places.updated == stated.stated_at or places.updated > now)


def _statement(places: StatedPlaces, now: datetime, allowance: timedelta) -> Statement:
    stated_at = min(places.updated, now)
    return Statement(
        available=places.available,
        maximum=places.maximum,
        stated_at=stated_at,
        counts_from=counts_from(stated_at, allowance),
        accepted_counted=True,
        stated_by=StatedBy.IMPORT,
    )
