"""Reading and writing what an HSDS API lists of the directory."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, bindparam, delete, func, select
from sqlalchemy.orm import Session

from services.chassis.columns import insert
from services.matcher.domain.listing import Kind, Listing, public_id
from services.matcher.tables import ListingRow, ListingTermRow, ProgramRow

_LISTINGS: Any = ListingRow.__table__
_TERMS: Any = ListingTermRow.__table__
_PROGRAMS: Any = ProgramRow.__table__


# A document with what belongs to it, and the standing of its program where it has one.
Entry = Row[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which listings; None = any. ``agency`` is the id of an organization as it is served."""

    kind: Kind
    search: str | None = None
    agency: str | None = None
    modified_after: datetime | None = None
    term: str | None = None
    taxonomy: str | None = None


@dataclass(frozen=True, slots=True)
class Cut:
    """One page by its number, from 1 on."""

    number: int
    size: int


def touched(
    session: Session, agencies: Collection[str], services: Collection[str]
) -> dict[tuple[str, str], Entry]:
    """The listings of agencies and services, and the words of all, by kind and id."""
    columns = _LISTINGS.c
    whose = columns.agency_id.in_(agencies) | columns.service_id.in_(services)
    query = select(_LISTINGS).where(whose | columns.agency_id.is_(None))
    return {(row.kind, row.id): row for row in session.execute(query)}


def remove(session: Session, gone: Iterable[tuple[str, str]]) -> None:
    """Forget listings, by kind and id."""
    keys = [{"of_kind": kind, "of_id": listing_id} for kind, listing_id in gone]
    if keys:
        for kind, listing_id, table in (
            (_TERMS.c.kind, _TERMS.c.listing_id, _TERMS),
            (_LISTINGS.c.kind, _LISTINGS.c.id, _LISTINGS),
        ):
            which = (kind == bindparam("of_kind"), listing_id == bindparam("of_id"))
            session.execute(delete(table).where(*which), keys)


def save(session: Session, changed: Sequence[Listing]) -> None:
    """Add or replace listings, and their terms."""
    if not changed:
        return
    rows = [_row(listing) for listing in changed]
    add = insert(session, _LISTINGS)
    news = {name: add.excluded[name] for name in rows[0] if name not in {"kind", "id"}}
    session.execute(add.on_conflict_do_update(index_elements=["kind", "id"], set_=news), rows)
    for kind in sorted({listing.kind for listing in changed}):
        ids = [listing.id for listing in changed if listing.kind is kind]
        gone = delete(_TERMS).where(_TERMS.c.kind == kind, _TERMS.c.listing_id.in_(ids))
        session.execute(gone)
    terms = [
        {"kind": one.kind, "listing_id": one.id, "term_id": term, "taxonomy_id": taxonomy}
        for one in changed
        for term, taxonomy in dict(one.terms).items()
    ]
    if terms:
        session.execute(_TERMS.insert(), terms)


def page(session: Session, wanted: Wanted, cut: Cut) -> list[Entry]:
    """One page of documents by id, each with the standing of its program where it is one."""
    query = _shown(wanted).order_by(_LISTINGS.c.id)
    found = query.limit(cut.size).offset((cut.number - 1) * cut.size)
    return list(session.execute(found))


def count(session: Session, wanted: Wanted) -> int:
    """How many there are in all."""
    query = _fitting(select(func.count()).select_from(_LISTINGS), wanted)
    found: int = session.execute(query).scalar_one()
    return found


def one(session: Session, kind: Kind, listing_id: str) -> Entry | None:
    """One document, with the standing of its program."""
    return session.execute(_shown(Wanted(kind=kind)).where(_LISTINGS.c.id == listing_id)).first()


def of_agencies(session: Session, agency_ids: Collection[str]) -> dict[str, Any]:
    """The documents of organizations, by agency."""
    columns = _LISTINGS.c
    query = select(columns.agency_id, columns.body).where(
        columns.kind == Kind.ORGANIZATION, columns.agency_id.in_(agency_ids)
    )
    return {row.agency_id: row.body for row in session.execute(query)}


def of_services(session: Session, own_ids: Collection[str]) -> list[Entry]:
    """The documents of services by the ids that they came with."""
    ids = [public_id("services", own_id) for own_id in own_ids]
    return list(session.execute(_shown(Wanted(kind=Kind.SERVICE)).where(_LISTINGS.c.id.in_(ids))))


def services_of(session: Session, agency_ids: Collection[str]) -> list[Entry]:
    """The documents of all services of agencies."""
    query = _shown(Wanted(kind=Kind.SERVICE)).where(_LISTINGS.c.agency_id.in_(agency_ids))
    return list(session.execute(query.order_by(_LISTINGS.c.id)))


def services(session: Session) -> Iterable[Entry]:
    """Every service that is listed: its ids, name and date, and whether it is a program."""
    columns = _LISTINGS.c
    query = (
        select(
            columns.own_id,
            columns.name,
            columns.agency_id,
            columns.modified_at,
            _PROGRAMS.c.id.is_not(None).label("is_program"),
        )
        .select_from(_LISTINGS.outerjoin(_PROGRAMS, _PROGRAMS.c.id == columns.own_id))
        .where(columns.kind == Kind.SERVICE)
        .order_by(columns.own_id)
    )
    return session.execute(query)


def _shown(wanted: Wanted) -> Select[Any]:
    program = _PROGRAMS.c
    joined = _LISTINGS.outerjoin(_PROGRAMS, program.id == _LISTINGS.c.service_id)
    shown = select(_LISTINGS, program.active, program.paused).select_from(joined)
    return _fitting(shown, wanted)


def _fitting(query: Select[Any], wanted: Wanted) -> Select[Any]:
    columns = _LISTINGS.c
    query = query.where(columns.kind == wanted.kind)
    if wanted.search is not None:
        query = query.where(
            func.lower(columns.name).contains(wanted.search.lower(), autoescape=True)
        )
    if wanted.agency is not None:
        query = query.where(columns.agency_id == _agency(wanted.agency))
    if wanted.modified_after is not None:
        query = query.where(columns.modified_at >= wanted.modified_after)
    for column, value in ((_TERMS.c.term_id, wanted.term), (_TERMS.c.taxonomy_id, wanted.taxonomy)):
        if value is not None:
            having = select(_TERMS.c.listing_id).where(_TERMS.c.kind == wanted.kind)
            query = query.where(columns.id.in_(having.where(column == value)))
    return query


def _agency(public: str) -> Any:
    """The agency of an organization's public id."""
    organization = _LISTINGS.alias("organization")
    return (
        select(organization.c.agency_id)
        .where(organization.c.kind == Kind.ORGANIZATION, organization.c.id == public)
        .scalar_subquery()
    )


def _row(listing: Listing) -> dict[str, Any]:
    return {
        "kind": listing.kind,
        "id": listing.id,
        "own_id": listing.own_id,
        "name": listing.name,
        "agency_id": listing.agency_id,
        "service_id": listing.own_id if listing.kind is Kind.SERVICE else listing.service_id,
        "modified_at": listing.modified_at,
        "body": listing.body,
        "aside": listing.aside,
    }
