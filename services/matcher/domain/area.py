"""The area that a program serves, as h3 cells."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import h3

from services.matcher.domain.place import RESOLUTION

# An area is kept in cells as fine as their number allows: a county in those of 5 km2.
_MOST_CELLS: Final = 2000
_KM_A_DEGREE: Final = 111.2


@dataclass(frozen=True, slots=True)
class Area:
    """Cells that lie ``within`` an area and those on its ``edge``, of one resolution or finer."""

    within: tuple[str, ...]
    edge: tuple[str, ...]


def area_of(geometries: Iterable[Mapping[str, Any]]) -> Area:
    """The area of polygons (GeoJSON geometries in degrees, WGS 84; RFC 7946).

    Raises ValueError for what is no polygon.
    """
    shapes = list(geometries)
    resolution = _resolution(shapes)
    within: set[str] = set()
    touched: set[str] = set()
    for geometry in shapes:
        within |= _cells(geometry, resolution, "full")
        touched |= _cells(geometry, resolution, "overlap")
    whole = sorted(h3.compact_cells(within))
    return Area(tuple(whole), tuple(sorted(touched - within)))


def _cells(geometry: Mapping[str, Any], resolution: int, contained: str) -> set[str]:
    try:
        shape = h3.geo_to_h3shape(geometry)
        return set(h3.h3shape_to_cells_experimental(shape, resolution, contained))
    except (TypeError, IndexError, h3.H3BaseException) as error:
        raise ValueError("no polygon") from error


def covers(area: Area, cell: str) -> bool | None:
    """Whether a cell lies in an area; None = on its edge, where nobody can tell."""
    chain = _parents(cell)
    if not chain.isdisjoint(area.within):
        return True
    return False if chain.isdisjoint(area.edge) else None


def area_json(data: Mapping[str, Any] | None) -> Area | None:
    """The area of its JSON."""
    return Area(tuple(data["within"]), tuple(data["edge"])) if data else None


@lru_cache(maxsize=100_000)
def _parents(cell: str) -> frozenset[str]:
    """A cell and all that it lies in."""
    return frozenset(h3.cell_to_parent(cell, up) for up in range(RESOLUTION + 1))


def _resolution(shapes: Iterable[Mapping[str, Any]]) -> int:
    """The finest that keeps the number of cells small, by the box around each polygon."""
    km2 = sum(_box_km2(geometry["coordinates"]) for geometry in shapes)
    for resolution in range(RESOLUTION, 0, -1):
        if km2 <= _MOST_CELLS * h3.average_hexagon_area(resolution, "km^2"):
            return resolution
    return 0


def _box_km2(coordinates: Any) -> float:
    points = list(points_of(coordinates))
    longitudes, latitudes = zip(*points, strict=True)
    middle = math.radians((max(latitudes) + min(latitudes)) / 2)
    high: float = (max(latitudes) - min(latitudes)) * _KM_A_DEGREE
    wide: float = (max(longitudes) - min(longitudes)) * _KM_A_DEGREE * math.cos(middle)
    return high * wide


def points_of(coordinates: Any) -> Iterable[tuple[float, float]]:
    """Every (longitude, latitude) of nested lists of positions."""
    if coordinates and isinstance(coordinates[0], int | float):
        yield coordinates[0], coordinates[1]
        return
    for inner in coordinates:
        yield from points_of(inner)
