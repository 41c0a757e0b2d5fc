"""The directory as an HSDS API serves it: documents, with what stands of their programs now."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.orm import Session

from contracts.problems import NotFoundError
from services.matcher.domain.listing import Kind, public_id
from services.matcher.store import capacity, listings
from services.matcher.store.listings import Cut, Entry, Wanted

UNIT: Final = {"id": public_id("units", "place"), "name": "place"}
_NESTS: Final = ("program", "organization")


@dataclass(frozen=True, slots=True)
class Detail:
    """How much of each entry is told."""

    full: bool = False
    minimal: bool = False
    with_services: bool = False


@dataclass(frozen=True, slots=True)
class Served:
    """A page of entries, and how many there are in all."""

    contents: list[dict[str, Any]]
    total: int


def list_entries(session: Session, wanted: Wanted, cut: Cut, detail: Detail) -> Served:
    """One page of a list."""
    total = listings.count(session, wanted)
    rows = listings.page(session, wanted, cut)
    return Served(_told(session, wanted.kind, rows, detail), total)


def read_entry(session: Session, kind: Kind, entry_id: str, detail: Detail) -> dict[str, Any]:
    """One entry with everything that it nests; raises ProblemError where there is none."""
    row = listings.one(session, kind, entry_id)
    if row is None:
        raise NotFoundError(kind.replace("_", " "))
    (found,) = _told(session, kind, [row], detail)
    return found


def _told(
    session: Session, kind: Kind, rows: Iterable[Entry], detail: Detail
) -> list[dict[str, Any]]:
    found = list(rows)
    if kind is Kind.SERVICE:
        return _services(session, found, detail)
    if kind is Kind.SERVICE_AT_LOCATION:
        return _at_locations(session, found, detail)
    if kind is Kind.ORGANIZATION:
        return _organizations(session, found, detail)
    return [row.body for row in found]


def _services(session: Session, rows: Iterable[Entry], detail: Detail) -> list[dict[str, Any]]:
    found = list(rows)
    if detail.minimal:
        return [{"id": row.id, "modified_date": row.modified_at} for row in found]
    agencies = listings.of_agencies(session, {row.agency_id for row in found})
    stated = capacity.stated(session, [row.own_id for row in found]) if detail.full else {}
    told = []
    for row in found:
        body = _standing(row) | {"organization": agencies.get(row.agency_id)}
        if row.own_id in stated:
            body["capacities"] = [_capacity(row.own_id, stated[row.own_id])]
        told.append(_known(body) if detail.full else _short(body))
    return told


def _at_locations(session: Session, rows: Iterable[Entry], detail: Detail) -> list[dict[str, Any]]:
    found = list(rows)
    services = listings.of_services(session, {row.service_id for row in found})
    told = {
        row.own_id: body
        for row, body in zip(services, _services(session, services, detail), strict=True)
    }
    return [_known(row.body | {"service": told.get(row.service_id)}) for row in found]


def _organizations(session: Session, rows: Iterable[Entry], detail: Detail) -> list[dict[str, Any]]:
    found = list(rows)
    if not detail.with_services:
        return [row.body if detail.full else _short(row.body) for row in found]
    services = listings.services_of(session, {row.agency_id for row in found})
    bodies = zip(services, _services(session, services, Detail(full=True)), strict=True)
    by: dict[str, list[dict[str, Any]]] = {}
    for row, body in bodies:
        by.setdefault(row.agency_id, []).append(body)
    return [row.body | {"services": by.get(row.agency_id, [])} for row in found]


def _standing(row: Entry) -> dict[str, Any]:
    """A service as it stands now: paused is closed for a time, and closed is inactive."""
    body: dict[str, Any] = dict(row.body)
    if body["status"] == "active" and row.active is not None:
        if row.paused:
            body["status"] = "temporarily closed"
        elif not row.active:
            body["status"] = "inactive"
    return body


def _capacity(program_id: str, stated: capacity.Stated) -> dict[str, Any]:
    said = stated.statement
    return _known(
        {
            "id": public_id("service_capacity", program_id),
            "unit": UNIT,
            "available": said.available,
            "maximum": said.maximum,
            "updated": said.stated_at,
        }
    )


def _short(body: Mapping[str, Any]) -> dict[str, Any]:
    """What a list tells: nothing nested but the agency in short, and the program."""
    short = {name: value for name, value in body.items() if not isinstance(value, list | dict)}
    for name in _NESTS:
        if isinstance(body.get(name), dict):
            short[name] = _short(body[name])
    return short


def _known(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value is not None}
