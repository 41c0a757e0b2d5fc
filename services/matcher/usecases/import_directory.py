"""Taking over a directory in tabular HSDS: all of it, or with leave the part that is right."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from services.chassis import audit
from services.chassis.actor import Actor
from services.matcher.domain.capacity import StatedBy, Statement, counts_from
from services.matcher.domain.difference import Difference, FieldChange, Thing, difference
from services.matcher.domain.directory import Agency, Program, program_json
from services.matcher.domain.halt import Halt, Target, halted
from services.matcher.domain.listing import Listing
from services.matcher.hsds.parse import Parsed, StatedPlaces, parse
from services.matcher.hsds.rows import Rejection, Tables
from services.matcher.store import capacity, directory, halts, listings
from services.matcher.store.capacity import Stated
from services.matcher.usecases.publish_programs import publish_programs
from services.matcher.usecases.state_capacity import store_statements

SUBJECT: Final = "directory imports"
MOST_NAMED: Final = 20


@dataclass(frozen=True, slots=True)
class Source:
    """A directory as it came: its tables, and the zone of its local times.

    ``dry_run``: nothing is applied, and every difference told. ``part``: there are others, so
    nothing is said of what this one leaves out.
    """

    tables: Tables
    time_zone: str
    accept_partial: bool = False
    dry_run: bool = False
    part: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import did, or would do; ``changed`` and ``unchanged`` count programs.

    ``listed`` counts documents that are served otherwise than before.
    """

    applied: bool
    agencies: int
    programs: int
    changed: int = 0
    unchanged: int = 0
    statements: int = 0
    listed: int = 0
    rejected: tuple[Rejection, ...] = ()
    warnings: tuple[str, ...] = ()
    differences: tuple[Difference, ...] = ()


@dataclass(slots=True, kw_only=True)
class _Plan:
    """Everything that is to be stored: what it is not of the directory to say stays as it is."""

    agencies: list[Agency] = field(default_factory=list)
    programs: list[Program] = field(default_factory=list)
    renamed: list[Program] = field(default_factory=list)
    statements: dict[str, Statement] = field(default_factory=dict)
    listings: list[Listing] = field(default_factory=list)
    gone: list[tuple[str, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)


def import_directory(
    session: Session, now: datetime, actor: Actor, source: Source, allowance: timedelta
) -> Imported:
    """Apply a directory in the caller's transaction; with a rejection only where partial is asked.

    What an agency stated itself (its places, a pause) stays, and so does what an admin closed. The
    caller has the turn.
    """
    stored = directory.every_program(session)
    known = frozenset(program.id for program in stored.values() if program.protected)
    parsed = parse(source.tables, source.time_zone, known)
    found = Imported(
        applied=False,
        agencies=len(parsed.agencies),
        programs=len(parsed.programs),
        rejected=parsed.rejected,
        warnings=parsed.warnings,
    )
    if parsed.rejected and not source.accept_partial:
        return found
    plan = _plan(session, now, parsed, stored, allowance)
    if not source.dry_run:
        _apply(session, now, plan)
        counts = {
            "changed": len(plan.programs),
            "statements": len(plan.statements),
            "rejected": len(parsed.rejected),
        }
        audit.record(session, SUBJECT, now, actor, "directory.imported", **counts)
    return replace(
        found,
        applied=not source.dry_run,
        changed=len(plan.programs),
        unchanged=len(parsed.programs) - len({p.id for p in plan.programs} - {*parsed.needless}),
        statements=len(plan.statements),
        listed=len(plan.listings) + len(plan.gone),
        warnings=(*parsed.warnings, *plan.warnings, *(() if source.part else plan.missing)),
        differences=tuple(plan.differences) if source.dry_run else (),
    )


def _plan(
    session: Session,
    now: datetime,
    parsed: Parsed,
    stored: Mapping[str, Program],
    allowance: timedelta,
) -> _Plan:
    plan = _Plan()
    known = directory.agencies(session)
    for agency in parsed.agencies:
        if known.get(agency.id) != agency:
            plan.agencies.append(agency)
            before = {"name": known[agency.id].name} if agency.id in known else None
            after = {"name": agency.name}
            plan.differences.append(difference(Thing.AGENCY, agency.id, before, after))
    _plan_programs(session, plan, parsed, stored)
    _plan_capacity(session, now, plan, parsed.capacity, allowance)
    _plan_listings(session, plan, parsed)
    return plan


def _apply(session: Session, now: datetime, plan: _Plan) -> None:
    directory.save_agencies(session, plan.agencies)
    publish_programs(session, now, [*plan.programs, *plan.renamed])
    store_statements(session, now, plan.statements)
    listings.remove(session, plan.gone)
    listings.save(session, plan.listings)


def _plan_programs(
    session: Session, plan: _Plan, parsed: Parsed, stored: Mapping[str, Program]
) -> None:
    """What programs become; those that the directory no longer has stay, and are warned of."""
    silent = [stored[key] for key in parsed.needless if key in stored]
    given = [*parsed.programs, *(replace(program, active=False) for program in silent)]
    before = [stored[program.id] for program in given if program.id in stored]
    stopped = halts.of_agencies(session, {p.agency_id for p in [*given, *before]})
    for program in (_as_stored(program, stored, stopped) for program in given):
        if program != stored.get(program.id):
            plan.programs.append(program)
            plan.differences.append(_difference(program, stored.get(program.id)))
    missing = sorted(stored.keys() - {program.id for program in given})
    names = {agency.id: agency.name for agency in parsed.agencies}
    renamed = (_renamed(stored[key], names) for key in missing)
    plan.renamed = [program for program in renamed if program != stored[program.id]]
    plan.warnings += [f"services {p.id}: names no need now; it takes nobody" for p in silent]
    plan.missing = _left(missing)


def _left(missing: list[str]) -> list[str]:
    if len(missing) > MOST_NAMED:
        return [f"{len(missing)} services are not in this directory; left as they were"]
    return [f"services {key}: not in this directory; left as it was" for key in missing]


def _difference(program: Program, before: Program | None) -> Difference:
    if before is None:
        return Difference(Thing.PROGRAM, program.id)
    return difference(Thing.PROGRAM, program.id, program_json(before), program_json(program))


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


def _plan_capacity(
    session: Session,
    now: datetime,
    plan: _Plan,
    stated: Iterable[StatedPlaces],
    allowance: timedelta,
) -> None:
    """The statements that are new, and warnings about those that do not count."""
    offered = {places.program_id: places for places in stated}
    before = capacity.lock_stated(session, offered.keys())
    for program_id, places in offered.items():
        stands = before.get(program_id)
        if reason := _why_kept(places, stands):
            plan.warnings.append(f"service_capacity of {program_id}: {reason}")
        elif not _is_same(places, stands, now):
            new = plan.statements[program_id] = _statement(places, now, allowance)
            old = asdict(stands.statement) if stands else None
            plan.differences.append(difference(Thing.CAPACITY, program_id, old, asdict(new)))


def _plan_listings(session: Session, plan: _Plan, parsed: Parsed) -> None:
    """What is served otherwise; of what this directory speaks of, nothing else is served."""
    services = {program.id for program in parsed.programs} | {*parsed.needless}
    agencies = {agency.id for agency in parsed.agencies}
    before = listings.touched(session, agencies, services)
    now = {(str(listing.kind), listing.id): listing for listing in parsed.listings}
    for key, listing in now.items():
        row = before.get(key)
        if row is None or (listing.body, listing.aside) != (row.body, row.aside):
            plan.listings.append(listing)
            old = row.body if row is not None else None
            name = f"{listing.kind} {listing.own_id}"
            plan.differences.append(difference(Thing.LISTING, name, old, listing.body))
    for key, row in before.items():
        spoken_of = row.service_id in services or (
            row.service_id is None and row.agency_id in agencies
        )
        if spoken_of and key not in now:
            plan.gone.append(key)
            change = FieldChange("listed", before=True, after=None)
            name = f"{row.kind} {row.own_id}"
            plan.differences.append(Difference(Thing.LISTING, name, (change,)))


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
