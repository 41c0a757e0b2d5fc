"""From tabular HSDS to agencies, programs and stated capacity; pure."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from contracts.vocabulary import PROTECTED_NEEDS, SECTOR_OF, Accommodation, Need, Sector
from services.matcher.domain.directory import (
    Agency,
    Hours,
    Place,
    Program,
    Requirement,
    Rule,
)
from services.matcher.hsds import places
from services.matcher.hsds.rows import (
    LONGEST_NAME,
    Rejection,
    Report,
    Row,
    RowError,
    Tables,
    build,
    linked,
    read,
    slug,
)

OLDEST: Final = 130
MOST_PLACES: Final = 100_000
LONGEST_NUMBER: Final = 40
_DAYS: Final = {"MO": 1, "TU": 2, "WE": 3, "TH": 4, "FR": 5, "SA": 6, "SU": 7}
_STATUS: Final = {
    "active": True,
    "inactive": False,
    "defunct": False,
    "temporarily closed": False,
}
# The line that takes handoffs comes first, then the one that takes enquiries.
_LINES: Final = {"handoff line": 0, "intake line": 1}
# Read by people only, or by another service: known, and not taken.
_NOT_TAKEN: Final = frozenset({"taxonomies", "taxonomy_terms", "units", "contacts"})
_COLUMNS: Final = {
    "organizations": "name description email website url",
    "services": "organization_id name description url email status interpretation_services "
    "fees_description eligibility_description minimum_age maximum_age last_modified",
    "attributes": "link_id taxonomy_term_id link_type link_entity value label",
    "schedules": "service_id freq byday opens_at closes_at description",
    "languages": "service_id name code",
    "phones": "service_id number type description",
    "service_capacity": "service_id unit_id available maximum updated description",
}
_TAXONOMIES: Final[dict[str, frozenset[str]]] = {
    "need": frozenset(Need),
    "accommodation": frozenset(Accommodation),
    "eligibility": frozenset(Rule),
    "mark": frozenset({"training"}),
}


@dataclass(frozen=True, slots=True)
class StatedPlaces:
    """A program's capacity as the directory states it, as of ``updated``."""

    program_id: str
    available: int
    maximum: int | None
    updated: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What a directory holds, and the rows that could not be taken."""

    agencies: tuple[Agency, ...]
    programs: tuple[Program, ...]
    capacity: tuple[StatedPlaces, ...]
    rejected: tuple[Rejection, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Term:
    """A term that a service has; ``value`` says which or how much."""

    taxonomy: str
    code: str
    value: str | None


def parse(tables: Tables, time_zone: str) -> Parsed:
    """Everything that a directory holds; ``time_zone`` is the zone of its local times."""
    report = Report()
    known = _COLUMNS.keys() | places.COLUMNS.keys() | _NOT_TAKEN
    report.warnings += [f"table {name} is not known" for name in sorted(tables.keys() - known)]
    rows = {name: read(tables, name, columns, report) for name, columns in _COLUMNS.items()}
    agencies = build(rows["organizations"], _agency, report)
    terms = _terms(rows["attributes"], {row.id for row in rows["services"]}, report)

    def make(row: Row) -> Program:
        return _program(row, agencies, terms, time_zone)

    programs = _with_parts(build(rows["services"], make, report), rows, tables, report)
    capacity = linked(_one_each(rows["service_capacity"], report), programs, _stated, report)
    return Parsed(
        agencies=tuple(agencies.values()),
        programs=tuple(programs.values()),
        capacity=tuple(stated for of_program in capacity.values() for stated in of_program),
        rejected=tuple(report.rejected),
        warnings=tuple(report.warnings),
    )


def _agency(row: Row) -> Agency:
    return Agency(slug(row), row.required("name"))


def _terms(
    rows: Iterable[Row], services: Collection[str], report: Report
) -> dict[str, list[Term] | None]:
    """The terms of each service; None where one could not be read.

    Without one of its terms a program would take people whom it does not take.
    """
    understood = [row for row in rows if _is_understood(row, report)]
    made = build(understood, lambda row: _term(row, services), report)
    terms: dict[str, list[Term] | None] = {}
    for row in understood:
        so_far = terms.setdefault(row.values.get("link_id", ""), [])
        if row.id not in made:
            terms[row.values.get("link_id", "")] = None
        elif so_far is not None:
            so_far.append(made[row.id])
    return terms


def _is_understood(row: Row, report: Report) -> bool:
    """Terms of other things than services, and of other taxonomies, are somebody else's."""
    taxonomy = row.values.get("taxonomy_term_id", "").partition(":")[0]
    entity = row.values.get("link_entity", "service")
    if entity != "service":
        report.warn(f"attributes with link_entity {entity} are not taken")
    elif taxonomy not in _TAXONOMIES:
        report.warn(f"attributes: taxonomy {taxonomy or '(blank)'} is not known")
    return entity == "service" and taxonomy in _TAXONOMIES


def _term(row: Row, services: Collection[str]) -> Term:
    term = row.required("taxonomy_term_id")
    taxonomy, _, code = term.partition(":")
    if row.required("link_id") not in services:
        raise RowError(f"link_id: {row.required('link_id')} is no service here")
    if code not in _TAXONOMIES[taxonomy]:
        right = ", ".join(sorted(_TAXONOMIES[taxonomy]))
        raise RowError(f"taxonomy_term_id: {term} is no term of {taxonomy}; known: {right}")
    return Term(taxonomy, code, row.text("value", LONGEST_NAME))


def _program(
    row: Row,
    agencies: Mapping[str, Agency],
    terms: Mapping[str, list[Term] | None],
    time_zone: str,
) -> Program:
    agency = agencies.get(row.required("organization_id"))
    if agency is None:
        raise RowError(f"organization_id: {row.text('organization_id')} is no agency taken here")
    own = terms.get(row.id, [])
    if own is None:
        raise RowError("one of its attributes was rejected, and each of them binds")
    needs = tuple({Need(term.code): None for term in own if term.taxonomy == "need"})
    minimum, maximum = _ages(row)
    return Program(
        id=slug(row),
        agency_id=agency.id,
        agency_name=agency.name,
        name=row.required("name"),
        description=row.text("description"),
        sector=_sector(needs),
        needs=needs,
        time_zone=time_zone,
        minimum_age=minimum,
        maximum_age=maximum,
        interpretation=row.text("interpretation_services"),
        accommodations=tuple(
            {Accommodation(term.code): None for term in own if term.taxonomy == "accommodation"}
        ),
        eligibility=tuple(
            Requirement(Rule(term.code), term.value)
            for term in own
            if term.taxonomy == "eligibility"
        ),
        active=_is_active(row),
        training=any(term.taxonomy == "mark" for term in own),
    )


def _sector(needs: tuple[Need, ...]) -> Sector:
    sectors = {SECTOR_OF[need] for need in needs}
    if not sectors:
        raise RowError("no need is named for it in attributes")
    if len(sectors) > 1:
        raise RowError(f"its needs are of several sectors: {', '.join(sorted(sectors))}")
    return sectors.pop()


def _ages(row: Row) -> tuple[int | None, int | None]:
    minimum, maximum = row.whole("minimum_age", OLDEST), row.whole("maximum_age", OLDEST)
    if minimum is not None and maximum is not None and minimum > maximum:
        raise RowError("minimum_age: must not be above maximum_age")
    return minimum, maximum


def _is_active(row: Row) -> bool:
    status = row.required("status")
    if status not in _STATUS:
        raise RowError(f"status: must be one of {', '.join(_STATUS)}")
    return _STATUS[status]


def _with_parts(
    programs: dict[str, Program], rows: Mapping[str, list[Row]], tables: Tables, report: Report
) -> dict[str, Program]:
    """The programs with what other tables say of them."""
    hours = linked(rows["schedules"], programs, _hours, report)
    languages = linked(rows["languages"], programs, _language, report)
    phones = linked(rows["phones"], programs, _phone, report)
    found = places.of_services(tables, programs, report)
    return {
        program_id: replace(
            program,
            hours=tuple(hours.get(program_id, ())),
            languages=tuple(sorted(set(languages.get(program_id, ())))),
            phone=min(phones.get(program_id, ()), key=lambda phone: phone[0], default=(0, None))[1],
            places=_may_be_known(program, found.get(program_id, []), report),
        )
        for program_id, program in programs.items()
    }


def _may_be_known(program: Program, found: list[Place], report: Report) -> tuple[Place, ...]:
    """Where people hide from violence is kept nowhere."""
    if found and PROTECTED_NEEDS.intersection(program.needs):
        report.warn(f"services {program.id}: its place was not kept, for the need is protected")
        return ()
    return tuple(found)


def _hours(row: Row) -> Hours:
    if (row.text("freq") or "WEEKLY") != "WEEKLY":
        raise RowError("freq: must be WEEKLY")
    days = [day.strip() for day in row.required("byday").split(",")]
    if not set(days) <= _DAYS.keys():
        raise RowError(f"byday: must be days such as MO,TU of {','.join(_DAYS)}")
    weekdays = tuple(sorted({_DAYS[day] for day in days}))
    return Hours(weekdays, row.clock("opens_at"), row.clock("closes_at"))


def _language(row: Row) -> str:
    code = row.required("code")
    if not re.fullmatch(r"[a-z]{2,3}", code):
        raise RowError("code: must be an ISO 639 code of two or three small letters")
    return code


def _phone(row: Row) -> tuple[int, str]:
    line = row.text("description") or ""
    return _LINES.get(line, len(_LINES)), row.required("number", LONGEST_NUMBER)


def _one_each(rows: Iterable[Row], report: Report) -> list[Row]:
    """A program states one number of places; of several rows the first one stands."""
    first: dict[str, Row] = {}
    for row in rows:
        if first.setdefault(row.values.get("service_id", ""), row) is not row:
            report.reject(row, "service_id: has a capacity in this table already")
    return list(first.values())


def _stated(row: Row) -> StatedPlaces:
    available = row.whole("available", MOST_PLACES)
    maximum = row.whole("maximum", MOST_PLACES)
    if available is None:
        raise RowError("available: must not be blank")
    if maximum is not None and maximum < available:
        raise RowError("maximum: must not be below available")
    return StatedPlaces(row.required("service_id"), available, maximum, row.moment("updated"))
