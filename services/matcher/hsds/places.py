"""Where services are: locations, their addresses, and which service is at which."""

from collections.abc import Collection, Mapping
from typing import Final

from services.matcher.domain.directory import Place
from services.matcher.domain.place import cell_of
from services.matcher.hsds.rows import (
    LONGEST_NAME,
    Report,
    Row,
    RowError,
    Tables,
    build,
    linked,
    read,
)

COLUMNS: Final = {
    "locations": "organization_id location_type name description latitude longitude",
    "addresses": "location_id attention address_1 address_2 city region state_province "
    "postal_code country address_type",
    "service_at_location": "service_id location_id description",
}


def of_services(
    tables: Tables, services: Collection[str], report: Report
) -> dict[str, list[Place]]:
    """The places of each service, in the order of the file."""
    rows = {name: read(tables, name, columns, report) for name, columns in COLUMNS.items()}
    points = build(rows["locations"], _point, report)
    addresses = linked(rows["addresses"], points, _address, report, "location_id")
    found = linked(rows["service_at_location"], services, lambda row: _at(row, points), report)
    return {
        service: [
            _place(*point, addresses.get(location, []))
            for location in locations
            if (point := points[location]) is not None
        ]
        for service, locations in found.items()
    }


def _point(row: Row) -> tuple[float, float] | None:
    """Latitude and longitude; None for a location without a point, such as a virtual one."""
    latitude, longitude = row.degrees("latitude", 90), row.degrees("longitude", 180)
    if latitude is None and longitude is None:
        return None
    if latitude is None or longitude is None:
        raise RowError("latitude, longitude: must be both there or both blank")
    return latitude, longitude


def _at(row: Row, points: Mapping[str, object]) -> str:
    location = row.required("location_id")
    if location not in points:
        raise RowError(f"location_id: {location} is nothing that was taken")
    return location


def _address(row: Row) -> str:
    street = row.required("address_1")
    region = " ".join(filter(None, (row.text("state_province"), row.text("postal_code"))))
    parts = (street, row.text("address_2"), row.required("city"), region)
    return ", ".join(filter(None, parts))[:LONGEST_NAME]


def _place(latitude: float, longitude: float, addresses: list[str]) -> Place:
    return Place(latitude, longitude, cell_of(latitude, longitude), next(iter(addresses), None))
