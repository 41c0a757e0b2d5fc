"""The rows of a directory as they are taken, table by table, and the links between them."""

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from contracts.hsds import TABLES
from services.matcher.hsds.rows import Report, Row, RowError, Tables, build, read

Built = TypeVar("Built")

# Which table each column leads to.
TARGETS: Final = {
    "organization_id": "organizations",
    "parent_organization_id": "organizations",
    "service_id": "services",
    "program_id": "programs",
    "location_id": "locations",
    "service_at_location_id": "service_at_location",
    "contact_id": "contacts",
    "phone_id": "phones",
    "unit_id": "units",
    "taxonomy_id": "taxonomies",
    "parent_id": "taxonomy_terms",
}
# These stand by themselves; a row of any other table that belongs to nothing is nothing.
_WHOLES: Final = frozenset(
    {"organizations", "services", "locations", "contacts", "programs", "taxonomies", "units"}
    | {"taxonomy_terms", "metadata", "meta_table_descriptions", "attributes"}
)


@dataclass(frozen=True, slots=True)
class Book:
    """The rows by table: as they were read, and after ``keep`` those alone that are taken."""

    rows: dict[str, list[Row]]
    report: Report

    def keep(self, table: str, make: Callable[[Row], Built]) -> dict[str, Built]:
        """What the rows of a table make, by row id; the others are rejected.

        What they link to must have been kept before. A broken link that the table needs, or the
        only one of a row, rejects the row; another one is left out with a warning.
        """
        ends = {
            column: self.ids(target)
            for column, target in TARGETS.items()
            if column in TABLES[table].columns
        }

        def make_joined(row: Row) -> tuple[Row, Built]:
            joined = self._joined(row, ends)
            return joined, make(joined)

        kept = build(self.rows[table], make_joined, self.report)
        self.rows[table] = [row for row, _ in kept.values()]
        return {row_id: built for row_id, (_, built) in kept.items()}

    def drop(self, table: str, ids: AbstractSet[str]) -> None:
        """Forget rows."""
        self.rows[table] = [row for row in self.rows[table] if row.id not in ids]

    def cut(self, table: str, gone: Mapping[str, AbstractSet[str]]) -> None:
        """Cut links, by column; a row that thereby belongs to nothing is forgotten."""
        if not gone.keys() & TABLES[table].columns:
            return
        left: list[Row] = []
        for row in self.rows[table]:
            values = {n: v for n, v in row.values.items() if v not in gone.get(n, ())}
            if table in _WHOLES or len(values) == len(row.values) or values.keys() & TARGETS.keys():
                left.append(replace(row, values=values))
        self.rows[table] = left

    def by(self, table: str, column: str) -> dict[str, list[Row]]:
        """The rows of a table by what they link to."""
        found: dict[str, list[Row]] = {}
        for row in self.rows[table]:
            if link := row.values.get(column):
                found.setdefault(link, []).append(row)
        return found

    def ids(self, table: str) -> set[str]:
        """The ids of a table's rows."""
        return {row.id for row in self.rows[table]}

    def _joined(self, row: Row, ends: Mapping[str, AbstractSet[str]]) -> Row:
        """The row without its broken links; raises RowError where it cannot be without one."""
        links = {column: link for column in ends if (link := row.values.get(column))}
        broken = {column: link for column, link in links.items() if link not in ends[column]}
        alone = row.table not in _WHOLES and len(broken) == len(links)
        for column, link in broken.items():
            if alone or column in TABLES[row.table].needed_in_table:
                raise RowError(f"{column}: {link} is nothing that was taken")
            if ends[column]:
                self.report.leave_out(row, f"{column}: {link} is not there, and was left out")
            else:
                self.report.warn(f"{row.table}: {column} leads to a table that is not there")
        values = {name: value for name, value in row.values.items() if name not in broken}
        return replace(row, values=values)


def taken_as_it_is(row: Row) -> None:
    """What is made of a row that needs no check of its own: nothing."""


def open_book(tables: Tables, report: Report) -> Book:
    """Read every table; one that HSDS does not have is warned of."""
    for name in sorted(tables.keys() - TABLES.keys()):
        report.warn(f"table {name} is not known")
    return Book({name: read(tables, name, report) for name in TABLES}, report)
