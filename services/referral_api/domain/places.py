"""The places of a program: the one that is nearest to where a person was met."""

from collections.abc import Iterable, Mapping

import h3


def nearest_address(places: Iterable[Mapping[str, str | None]], cell: str | None) -> str | None:
    """The address of the place whose h3 cell is nearest, else of the first; None = none is known.

    A place without an address leads nobody anywhere, and one without a cell may be far.
    """
    known = [place for place in places if place["address"] is not None]
    if not known:
        return None
    near = [place for place in known if place["cell"] is not None and cell is not None]
    return min(near, key=lambda place: _km(cell, place["cell"]), default=known[0])["address"]


def _km(a: str | None, b: str | None) -> float:
    """Great-circle distance between the centres of two cells."""
    km: float = h3.great_circle_distance(h3.cell_to_latlng(a), h3.cell_to_latlng(b), "km")
    return km
