"""The matrix of matrix.toml: what a route answers in a standing, as a reviewer wrote it down."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

FILE: Final = Path(__file__).with_name("matrix.toml")
STATUSES: Final = {"+": 200, "-": 409, "0": 404, "!": 422}
NOTHING_TO_ASK: Final = "."
YES: Final = "+"


@dataclass(frozen=True, slots=True)
class Matrix:
    """Rows of answers by column, and what is otherwise in each variant."""

    tables: Mapping[str, Any]

    @property
    def columns(self) -> list[str]:
        """The standings, in the order of the rows."""
        return list(self.tables["standings"])

    @property
    def rows(self) -> list[str]:
        """Every row: a route, with what is special about the request in brackets."""
        return list(self.tables["answers"])

    @property
    def beside(self) -> Mapping[str, list[str]]:
        """What is asked besides, and with which queries."""
        found: Mapping[str, list[str]] = self.tables["beside"]
        return found

    @property
    def variants(self) -> Mapping[str, Any]:
        """Every kind of referral, with its consent and what is otherwise."""
        found: Mapping[str, Any] = self.tables["variants"]
        return found

    def standings(self) -> Iterator[tuple[str, str]]:
        """Every variant with every column that there is of it."""
        for name, variant in self.variants.items():
            for column in variant.get("standings", self.columns):
                yield name, column

    def states(self, variant: str, column: str) -> tuple[str, str | None]:
        """The states of the referral and of its offer, None where there is none."""
        own = self.variants[variant].get("standings", {})
        referral, *offer = own.get(column) or self.tables["standings"][column]
        return referral, offer[0] if offer else None

    def answer(self, row: str, role: str, variant: str, column: str) -> str:
        """The sign in a cell, for a role that may call the route."""
        differs = self.variants[variant].get("differs", {})
        for name in (f"{role} {row}", row):
            if column in differs.get(name, {}):
                return str(differs[name][column])
        return self._signs(self.tables["answers"][row])[column]

    def shows_facts(self, variant: str, column: str) -> bool:
        """Whether an offer in this standing shows the facts of its person."""
        shown = self._signs(self.tables["facts"]["shown"])[column] == YES
        return shown and self.variants[variant].get("facts", True)

    def body(self, row: str) -> Any:
        """What is sent, where the matrix says so."""
        return self.tables["bodies"].get(row)

    def faults(self) -> list[str]:
        """What in the file is no sign, no column or no row."""
        lengths = [
            f"{row}: not one sign for each column"
            for row, text in {
                **self.tables["answers"],
                "facts": self.tables["facts"]["shown"],
            }.items()
            if len(text.split()) != len(self.columns) or set(text.split()) - {*STATUSES, "."}
        ]
        return lengths + [
            f"{name}: {row} is no row"
            for name, variant in self.variants.items()
            for row in variant.get("differs", {})
            if route_and_role(row)[1] not in self.rows
        ]

    def _signs(self, row: str) -> dict[str, str]:
        return dict(zip(self.columns, row.split(), strict=True))


def read() -> Matrix:
    """The matrix of the file."""
    return Matrix(tomllib.loads(FILE.read_text(encoding="utf-8")))


def route_of(row: str) -> str:
    """The route of a row, as the route map names it."""
    return row.partition(" (")[0]


def route_and_role(row: str) -> tuple[str | None, str]:
    """The role that a difference is for, None for all, and its row."""
    first, _, rest = row.partition(" ")
    return (first, rest) if first.islower() else (None, row)


def is_list(row: str) -> bool:
    """Whether a row tells of what stands in a list, which is read once by each caller."""
    return "<" not in row
