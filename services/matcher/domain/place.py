"""Places as h3 cells, and the distance between them."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

import h3

# Coarse on purpose: a cell of resolution 7 covers about 5 km2 (h3geo.org, resolution table).
RESOLUTION: Final = 7


def cell_of(latitude: float, longitude: float) -> str:
    """The cell of a point in degrees (WGS 84)."""
    return str(h3.latlng_to_cell(latitude, longitude, RESOLUTION))


@lru_cache(maxsize=100_000)
def distance_km(a: str, b: str) -> float:
    """Great-circle distance between the centres of two cells, in km, to 10 m (haversine)."""
    km: float = h3.great_circle_distance(h3.cell_to_latlng(a), h3.cell_to_latlng(b), "km")
    return round(km, 2)


def nearest_km(cell: str | None, cells: Iterable[str | None]) -> float | None:
    """The distance to the nearest of the cells, in km; None where either end is unknown."""
    if cell is None:
        return None
    known = (other for other in cells if other is not None)
    return min((distance_km(cell, other) for other in known), default=None)
