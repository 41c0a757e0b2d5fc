"""How far the programs of a shelf are from a cell: many distances at once, each as exact as one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import h3
import numpy as np
import numpy.typing as npt

from services.matcher.domain.place import distance_km

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

# Nowhere is farther; in hundredths of a km, as all distances here.
UNKNOWN: Final = 10_000_000
_EARTH_KM: Final = 6371.007180918475
# Where arithmetic on arrays may round another way than on numbers, the number decides.
_NEAR_A_TIE: Final = 1e-6
# Cells of about 1,770 km2 are looked up by rings. A further ring adds at least 27 km: centres of
# neighbours are 31.5 km apart or more (measured over the globe), times cos(30 degrees) at a corner.
_RING_RESOLUTION: Final = 4
_LEAST_RING_KM: Final = 27.0
_TWO_RADII_KM: Final = 70.0


@dataclass(frozen=True, slots=True)
class Spots:
    """The cells where a shelf's programs are: row by row, a program with several is in several."""

    rows: Ints
    cell_of_row: Ints
    cells: Sequence[str]
    radians: Floats
    rings: dict[str, Ints]

    def within(self, cell: str, km: float) -> tuple[Ints, Ints]:
        """Rows with a place in reach, and how far the nearest is, in hundredths of a km.

        All that are within ``km`` are among them, and some beyond.
        """
        entries = self._entries(cell, km)
        wanted, where = np.unique(self.cell_of_row[entries], return_inverse=True)
        far = self._hundredths(cell, wanted)[where]
        rows = self.rows[entries]
        order = np.lexsort((far, rows))
        rows, far = rows[order], far[order]
        first = np.ones(len(rows), dtype=bool)
        first[1:] = rows[1:] != rows[:-1]
        return rows[first], far[first]

    def _entries(self, cell: str, km: float) -> Ints:
        """The places in the rings around a cell, as far as any within reach may be."""
        rings = int((km + _TWO_RADII_KM) / _LEAST_RING_KM) + 1
        if 3 * rings * rings > len(self.rings):  # fewer are there than would be looked up
            return np.arange(len(self.rows))
        middle = h3.cell_to_parent(cell, _RING_RESOLUTION)
        found = [self.rings[one] for one in h3.grid_disk(middle, rings) if one in self.rings]
        return np.concatenate(found) if found else np.arange(0)

    def _hundredths(self, cell: str, wanted: Ints) -> Ints:
        """Great-circle distances to the centres of cells, as ``distance_km`` rounds them."""
        here = _radians(cell)
        there = self.radians[wanted]
        high, wide = np.sin((there - here) / 2).T
        root = high**2 + np.cos(here[0]) * np.cos(there[:, 0]) * wide**2
        exact = 2 * _EARTH_KM * np.arcsin(np.sqrt(root)) * 100
        found: Ints = np.rint(exact).astype(np.int64)
        for at in np.flatnonzero(np.abs(exact - np.floor(exact) - 0.5) < _NEAR_A_TIE * 100):
            found[at] = round(distance_km(cell, self.cells[wanted[at]]) * 100)
        return found


def spots_of(places: Iterable[tuple[int, str]]) -> Spots:
    """The spots of (row, cell)."""
    pairs = sorted(places, key=lambda pair: pair[1])
    cells = sorted({cell for _, cell in pairs})
    numbers = {cell: number for number, cell in enumerate(cells)}
    rings: dict[str, list[int]] = {}
    for entry, (_, cell) in enumerate(pairs):
        rings.setdefault(h3.cell_to_parent(cell, _RING_RESOLUTION), []).append(entry)
    return Spots(
        rows=np.array([row for row, _ in pairs], dtype=np.int64),
        cell_of_row=np.array([numbers[cell] for _, cell in pairs], dtype=np.int64),
        cells=cells,
        radians=np.array([_radians(cell) for cell in cells]).reshape(-1, 2),
        rings={ring: np.array(entries, dtype=np.int64) for ring, entries in rings.items()},
    )


@lru_cache(maxsize=100_000)
def _radians(cell: str) -> Floats:
    found: Floats = np.radians(h3.cell_to_latlng(cell))
    return found
