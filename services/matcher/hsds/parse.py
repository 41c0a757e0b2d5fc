"""From tabular HSDS to agencies, programs, stated places and what is listed of them; pure."""

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from contracts.vocabulary import SECTOR_OF, Accommodation, Need, Sector
from services.matcher.domain.directory import Agency, Hours, Program, Requirement, Rule
from services.matcher.domain.listing import Listing
from services.matcher.hsds.areas import areas_of_services
from services.matcher.hsds.book import Book, open_book, taken_as_it_is
from services.matcher.hsds.listings import listings_of
from services.matcher.hsds.needs import Term, protected_services, terms_of_services
from services.matcher.hsds.places import Protected, take_places
from services.matcher.hsds.rows import Rejection, Report, Row, RowError, Tables, slug
from services.matcher.hsds.schedules import UnknownHoursError, hours_of

OLDEST: Final = 130
MOST_PLACES: Final = 100_000
LONGEST_NUMBER: Final = 40
MOST_NAMED: Final = 5
_STATUS: Final = {
    "active": True,
    "inactive": False,
    "defunct": False,
    "temporarily closed": False,
}
# The line that takes handoffs comes first, then the one that takes enquiries.
_LINES: Final = {"handoff line": 0, "intake line": 1}
# What a service may be reached by, the nearest to it first.
_REACHED_BY: Final = ("service_id", "service_at_location_id", "location_id", "organization_id")
# Read after all that they may link to.
_PARTS: Final = (
    "languages",
    "service_areas",
    "cost_options",
    "required_documents",
    "funding",
    "accessibility",
    "organization_identifiers",
    "url",
)


@dataclass(frozen=True, slots=True)
class StatedPlaces:
    """A program's capacity as the directory states it, as of ``updated``."""

    program_id: str
    available: int
    maximum: int | None
    updated: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What a directory holds, and the rows that could not be taken.

    ``needless``: services that name no need; no referral can reach them.
    """

    agencies: tuple[Agency, ...]
    programs: tuple[Program, ...]
    needless: tuple[str, ...]
    capacity: tuple[StatedPlaces, ...]
    listings: tuple[Listing, ...]
    rejected: tuple[Rejection, ...]
    warnings: tuple[str, ...]


def parse(
    tables: Tables, time_zone: str, known_protected: AbstractSet[str] = frozenset()
) -> Parsed:
    """Everything that a directory holds; ``time_zone`` is the zone of its local times.

    ``known_protected``: services that served a protected need before. Where they are stays hidden,
    whatever this directory says, or leaves out, of what they are for.
    """
    report = Report()
    book = open_book(tables, report)
    for table in ("taxonomies", "taxonomy_terms", "units"):
        book.keep(table, taken_as_it_is)
    agencies = book.keep("organizations", lambda row: Agency(slug(row), row.required("name")))
    book.keep("programs", taken_as_it_is)
    terms = terms_of_services(book)
    protected = _protected(book, known_protected)
    services = book.keep(
        "services", lambda row: _service(row, agencies, terms.get(row.id, []), time_zone)
    )
    programs = {key: made for key, made in services.items() if made.needs}
    programs = _with_parts(book, programs, protected, time_zone)
    needless = tuple(key for key, made in services.items() if not made.needs)
    capacity = _capacity(book, programs)
    _tell_needless(needless, report)
    return Parsed(
        agencies=tuple(agencies.values()),
        programs=tuple(programs.values()),
        needless=needless,
        capacity=capacity,
        listings=listings_of(
            book,
            {key for key, made in services.items() if made.training},
            protected.services | protected.agencies,
        ),
        rejected=tuple(report.rejected),
        warnings=report.warnings,
    )


def _tell_needless(needless: tuple[str, ...], report: Report) -> None:
    if needless:
        named = ", ".join(needless[:MOST_NAMED]) + (", ..." if needless[MOST_NAMED:] else "")
        report.warn(
            f"{len(needless)} services name no need in attributes: they are listed, and no "
            f"referral can reach them ({named})"
        )


def _service(
    row: Row, agencies: Mapping[str, Agency], terms: list[Term] | None, time_zone: str
) -> Program:
    """The program of a service; one without needs is none, and is checked all the same."""
    agency = agencies[row.required("organization_id")]
    if terms is None:
        raise RowError("one of its attributes was rejected, and each of them binds")
    needs = tuple({Need(term.code): None for term in terms if term.taxonomy == "need"})
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
            {Accommodation(term.code): None for term in terms if term.taxonomy == "accommodation"}
        ),
        eligibility=tuple(
            Requirement(Rule(term.code), term.value)
            for term in terms
            if term.taxonomy == "eligibility"
        ),
        active=_is_active(row),
        training=any(term.taxonomy == "mark" for term in terms),
    )


def _sector(needs: tuple[Need, ...]) -> Sector:
    """The sector of all its needs; any where there are none."""
    sectors = {SECTOR_OF[need] for need in needs} or {Sector.HOUSING}
    if len(sectors) > 1:
        raise RowError(f"its needs are of several sectors: {', '.join(sorted(sectors))}")
    return sectors.pop()


def _ages(row: Row) -> tuple[int | None, int | None]:
    minimum, maximum = row.whole("minimum_age", OLDEST), row.whole("maximum_age", OLDEST)
    if minimum is not None and maximum is not None and minimum > maximum:
        raise RowError("minimum_age: must not be above maximum_age")
    return minimum, maximum


def _is_active(row: Row) -> bool:
    status = row.required("status").lower()
    if status not in _STATUS:
        raise RowError(f"status: must be one of {', '.join(_STATUS)}")
    return _STATUS[status]


def _protected(book: Book, known: AbstractSet[str]) -> Protected:
    """Who must not be found, as the rows were read: a rejected one no more than another."""
    services = protected_services(book) | known
    rows = (row for row in book.rows["services"] if row.id in services)
    return Protected(services, {row.values.get("organization_id", "") for row in rows} - {""})


def _with_parts(
    book: Book, programs: dict[str, Program], protected: Protected, zone: str
) -> dict[str, Program]:
    """The programs with what other tables say of them."""
    found = take_places(book, protected)
    book.keep("contacts", taken_as_it_is)
    hours = _hours(book, zone)
    phones = _phones(book, programs, protected.services)
    for table in _PARTS:
        book.keep(table, _language if table == "languages" else taken_as_it_is)
    languages = book.by("languages", "service_id")
    areas = areas_of_services(book)
    return {
        key: replace(
            program,
            hours=tuple(hours.get(key, ())),
            languages=tuple(sorted({row.values["code"] for row in languages.get(key, ())})),
            phone=phones.get(key),
            places=tuple(found.get(key, ())),
            # Where people hide from violence no place of theirs is told, so none is judged.
            area=None if key in protected.services else areas.get(key),
        )
        for key, program in programs.items()
    }


def _hours(book: Book, zone: str) -> dict[str, list[Hours]]:
    """The weekly hours of each service, of its own schedules and those of its only place.

    What is open at a location at large says nothing of one service there.
    """
    places = book.by("service_at_location", "service_id")
    alone = {rows[0].id: service for service, rows in places.items() if len(rows) == 1}

    def read(row: Row) -> tuple[Hours, ...]:
        try:
            return hours_of(row, zone)
        except UnknownHoursError as error:
            book.report.leave_out(row, f"hours unknown: {error}")
            return ()

    made = book.keep("schedules", read)
    found: dict[str, list[Hours]] = {}
    for row in book.rows["schedules"]:
        at = row.values.get("service_at_location_id", "")
        if service := row.values.get("service_id") or alone.get(at):
            found.setdefault(service, []).extend(made[row.id])
    return found


def _language(row: Row) -> None:
    """A language of a service has a code; those of telephones and places may have a name."""
    if row.text("service_id") is None:
        return
    if not re.fullmatch(r"[a-z]{2,3}", row.required("code")):
        raise RowError("code: must be an ISO 639 code of two or three small letters")


def _phones(
    book: Book, programs: Mapping[str, Program], protected: AbstractSet[str]
) -> dict[str, str | None]:
    """The number to call for each program: its own, else its place's, else its agency's.

    Of a protected program only its own, the hotline.
    """
    book.keep("phones", lambda row: row.required("number", LONGEST_NUMBER))
    by = {column: book.by("phones", column) for column in _REACHED_BY}
    places = book.by("service_at_location", "service_id")
    found: dict[str, str | None] = {}
    for key, program in programs.items():
        at = [] if key in protected else places.get(key, [])
        ends = [[key], [row.id for row in at], [row.values["location_id"] for row in at]]
        ends.append([] if key in protected else [program.agency_id])
        rows = (
            [row for end in of for row in by[column].get(end, ())]
            for column, of in zip(_REACHED_BY, ends, strict=True)
        )
        nearest = next((some for some in rows if some), [])
        found[key] = min(nearest, key=_rank).values["number"] if nearest else None
    return found


def _rank(row: Row) -> int:
    return _LINES.get(row.values.get("description", ""), len(_LINES))


def _capacity(book: Book, programs: Mapping[str, Program]) -> tuple[StatedPlaces, ...]:
    """What programs state; of several rows of one the first stands."""
    seen: set[str] = set()
    made = book.keep("service_capacity", lambda row: _stated(row, seen))
    return tuple(stated for stated in made.values() if stated.program_id in programs)


def _stated(row: Row, seen: set[str]) -> StatedPlaces:
    service = row.required("service_id")
    available = row.whole("available", MOST_PLACES)
    maximum = row.whole("maximum", MOST_PLACES)
    if service in seen:
        raise RowError("service_id: has a capacity in this table already")
    if available is None:
        raise RowError("available: must not be blank")
    if maximum is not None and maximum < available:
        raise RowError("maximum: must not be below available")
    stated = StatedPlaces(service, available, maximum, row.moment("updated"))
    seen.add(service)
    return stated
