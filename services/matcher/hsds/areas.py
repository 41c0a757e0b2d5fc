"""Which area each service serves: the polygons of its service areas."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from services.matcher.domain.area import Area, area_of, points_of
from services.matcher.hsds.book import Book
from services.matcher.hsds.rows import Row

# A county's border has some hundred corners.
MOST_POINTS: Final = 20_000
DEEPEST: Final = 3
HALF_ROUND, POLE = 180, 90
_RIGHT: Final = "extent: must be polygons as GeoJSON, in degrees, longitude first"


def areas_of_services(book: Book) -> dict[str, Area]:
    """The area of each service whose areas are all told as polygons.

    One that is told in words is nobody's to judge, so nothing is judged of that service. A polygon
    that cannot be read is left out with a warning.
    """
    found: dict[str, Area] = {}
    for service, rows in book.by("service_areas", "service_id").items():
        drawn = [row for row in rows if row.values.get("extent_type", "").lower() == "geojson"]
        if len(drawn) < len(rows):
            continue
        try:
            found[service] = area_of([shape for row in drawn for shape in _polygons(row)])
        except ValueError:
            book.report.leave_out(drawn[0], f"services {service}: {_RIGHT}; no area is judged")
    return found


def _polygons(row: Row) -> Sequence[Mapping[str, Any]]:
    """The polygons of one row; raises ValueError."""
    try:
        polygons = list(_geometries(json.loads(row.values.get("extent", "")), 0))
        for polygon in polygons:
            _check(list(points_of(polygon["coordinates"])))
    except (TypeError, KeyError, IndexError, RecursionError) as error:
        raise ValueError from error
    if not polygons:
        raise ValueError
    return polygons


def _geometries(found: Any, depth: int) -> Iterator[Mapping[str, Any]]:
    """The polygons of a geometry, a feature, or a collection of either."""
    if depth > DEEPEST:
        raise ValueError
    match found["type"]:
        case "Polygon" | "MultiPolygon":
            yield found
        case "Feature":
            yield from _geometries(found["geometry"], depth + 1)
        case "FeatureCollection" | "GeometryCollection":
            for part in found.get("features") or found.get("geometries") or ():
                yield from _geometries(part, depth + 1)
        case _:
            raise ValueError


def _check(points: Sequence[tuple[float, float]]) -> None:
    right = all(abs(x) <= HALF_ROUND and abs(y) <= POLE for x, y in points)
    if not points or not right or len(points) > MOST_POINTS:
        raise ValueError
    # What is wider than half the globe is taken for what lies on its other side.
    if max(x for x, _ in points) - min(x for x, _ in points) >= HALF_ROUND:
        raise ValueError
