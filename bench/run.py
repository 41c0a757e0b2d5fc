"""How a benchmark is to run."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Run:
    """In a folder of its own, and quickly or well."""

    folder: Path
    quick: bool

    @property
    def rounds(self) -> int:
        """How often floor and subject take turns."""
        return 3 if self.quick else 5

    def size(self, quick: int, well: int) -> int:
        """How much of something, by how it is to run."""
        return quick if self.quick else well
