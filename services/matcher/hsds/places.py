"""Where services are: their locations and addresses, and those that nobody may know."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from services.matcher.domain.directory import Place
from services.matcher.domain.place import cell_of
from services.matcher.hsds.book import Book, taken_as_it_is
from services.matcher.hsds.rows import LONGEST_NAME, Row, RowError

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Protected:
    """The services that serve a protected need, and their agencies; taken or not."""

    services: AbstractSet[str]
    agencies: AbstractSet[str]


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of locations, by id."""

    points: Mapping[str, Point | None]
    addresses: Mapping[str, Sequence[str]]


def take_places(book: Book, protected: Protected) -> dict[str, list[Place]]:
    """The places of each service, in the order of the file.

    Where a protected service is, is forgotten of the whole book: people hide there from violence.
    It is so for a service that is itself rejected, too, and as the links were before any was cut.
    """
    at = book.by("service_at_location", "location_id")
    points = book.keep("locations", lambda row: _point(row, book))
    texts = book.keep("addresses", _address)
    addresses: dict[str, list[str]] = {}
    for row in book.rows["addresses"]:
        addresses.setdefault(row.values.get("location_id", ""), []).append(texts[row.id])
    book.keep("service_at_location", taken_as_it_is)
    hidden = _hidden(book, protected, at, _Known(points, addresses))
    _forget(book, protected.services, hidden)
    places = {row.id for row in book.rows["locations"] if _is_place(row)}
    _tell_pointless({place for place in places if points[place] is None}, book)
    found: dict[str, list[Place]] = {}
    for row in book.rows["service_at_location"]:
        service, location = row.values["service_id"], row.values["location_id"]
        if location in places:
            place = _place(points[location], addresses.get(location, []))
            found.setdefault(service, []).append(place)
    return found


def _tell_pointless(pointless: AbstractSet[str], book: Book) -> None:
    if pointless:
        book.report.warn(
            f"{len(pointless)} locations have no point: how far they are is not known, and they "
            "are taken for far"
        )


def _point(row: Row, book: Book) -> Point | None:
    """Latitude and longitude in degrees; None where the row does not say them rightly."""
    try:
        return _degrees(row)
    except RowError as error:
        book.report.leave_out(row, f"{error}: its point was left out")
        return None


def _degrees(row: Row) -> Point | None:
    latitude, longitude = row.degrees("latitude", 90), row.degrees("longitude", 180)
    if latitude is not None and longitude is not None:
        return latitude, longitude
    if latitude is not None or longitude is not None:
        raise RowError("latitude, longitude: must be both there or both blank")
    return None


def _address(row: Row) -> str:
    street = row.required("address_1")
    region = " ".join(filter(None, (row.text("state_province"), row.text("postal_code"))))
    parts = (street, row.text("address_2"), row.text("city"), region)
    return ", ".join(filter(None, parts))[:LONGEST_NAME]


def _hidden(
    book: Book, protected: Protected, at: Mapping[str, Sequence[Row]], known: _Known
) -> set[str]:
    """The locations of protected services, by whatever name, and of agencies with nothing else.

    Of other agencies those at the same address; one point may stand for a whole town.
    """
    owners, points, addresses = _owners(book), known.points, known.addresses
    hidden = {
        key
        for key, owner in owners.items()
        if any(link.values.get("service_id") in protected.services for link in at.get(key, ()))
        or (owner in protected.agencies and key not in at)
    }
    doors = {text.lower() for key in hidden for text in addresses.get(key, ())}
    spots = {(owners[key], points[key]) for key in hidden if points[key] is not None}
    return {
        key
        for key, owner in owners.items()
        if key in hidden
        or any(text.lower() in doors for text in addresses.get(key, ()))
        or (owner, points[key]) in spots
    }


def _owners(book: Book) -> dict[str, str]:
    """Whose each location is: of the agency that it names, else of one that has a service there."""
    agencies = {row.id: row.values["organization_id"] for row in book.rows["services"]}
    there = {
        row.values["location_id"]: agencies[row.values["service_id"]]
        for row in book.rows["service_at_location"]
    }
    return {
        row.id: row.values.get("organization_id") or there.get(row.id, "")
        for row in book.rows["locations"]
    }


def _forget(book: Book, protected: AbstractSet[str], hidden: AbstractSet[str]) -> None:
    gone: dict[str, AbstractSet[str]] = {"location_id": hidden, "service_at_location_id": set()}
    for row in book.rows["service_at_location"]:
        if row.values["location_id"] in hidden:
            gone["service_at_location_id"] |= {row.id}
            service = row.values["service_id"]
            why = "the need is" if service in protected else "somebody there is"
            book.report.warn(f"services {service}: its place was not kept, for {why} protected")
    book.drop("service_at_location", gone["service_at_location_id"])
    book.drop("locations", hidden)
    for table in book.rows:
        book.cut(table, gone)


def _is_place(row: Row) -> bool:
    """Whether one can go there; a location is physical unless it says otherwise."""
    return (row.text("location_type") or "physical") == "physical"


def _place(point: Point | None, addresses: Sequence[str]) -> Place:
    address = next(iter(addresses), None)
    if point is None:
        return Place(None, None, None, address)
    return Place(*point, cell_of(*point), address)
