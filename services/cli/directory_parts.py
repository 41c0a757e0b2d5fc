"""A directory that is too large for one request, parted by agencies that share nothing."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from services.cli.city import filled
from services.cli.directory_source import Found, Placed

# A request is at most 1 MiB; beside the rows there are names and brackets.
LARGEST_PART: Final = 900_000
# Words for everybody: each part has those that it uses.
_SHARED: Final = {"taxonomies": None, "taxonomy_terms": "taxonomy_term_id", "units": "unit_id"}
# By what a row tells whose it is, the nearest first.
_WHOSE: Final = (
    ("service_id", "services"),
    ("service_at_location_id", "service_at_location"),
    ("location_id", "locations"),
    ("organization_id", "organizations"),
    ("link_id", "services"),
    ("link_id", "organizations"),
    ("link_id", "locations"),
    ("phone_id", "phones"),
    ("contact_id", "contacts"),
)
_ADDRESS: Final = ("address_1", "address_2", "city", "state_province", "postal_code")

Node = tuple[str, str]
Tables = dict[str, list[Placed]]
# Sends a part with the options of an import: its report.
Post = Callable[[Found, Mapping[str, bool]], Mapping[str, Any]]


class _Groups:
    """Which things belong together: a tree of each, with one of them at its root."""

    def __init__(self) -> None:
        self._above: dict[Node, Node] = {}

    def root(self, node: Node) -> Node:
        """What stands for the group of a thing."""
        above = self._above.setdefault(node, node)
        while above != self._above[above]:
            self._above[node] = above = self._above[above]
        return above

    def join(self, one: Node, other: Node) -> None:
        """Two things belong together."""
        self._above[self.root(one)] = self.root(other)


def parts_of(found: Found, largest: int = LARGEST_PART) -> list[Found]:
    """The directory in as few parts as are small enough; places that agencies share stay together.

    The rows of agencies that share a place or an address cannot be parted, however many.
    """
    if _size(found.tables) <= largest:
        return [found]
    parts: list[Tables] = [{}]
    sizes = [0]
    for group in _grouped(found.tables):
        size = _size(group)
        if sizes[-1] and sizes[-1] + size > largest:
            parts.append({})
            sizes.append(0)
        sizes[-1] += size
        for table, rows in group.items():
            parts[-1].setdefault(table, []).extend(rows)
    return [Found(part | _shared(found.tables, part)) for part in parts]


def _grouped(tables: Mapping[str, list[Placed]]) -> Iterator[Tables]:
    """The rows of each group."""
    groups = _Groups()
    for table, rows in tables.items():
        for row in rows:
            for node in _nodes(table, row):
                groups.join((table, _id(row, "id")), node)
    found: dict[Node, Tables] = {}
    for table, rows in tables.items():
        for row in rows if table not in _SHARED else ():
            group = found.setdefault(groups.root((table, _id(row, "id"))), {})
            group.setdefault(table, []).append(row)
    yield from found.values()


def _nodes(table: str, row: Placed) -> Iterator[Node]:
    """What a row belongs to; an address also to all that is at it."""
    for column, target in _WHOSE:
        if own := _id(row, column):
            yield target, own
    door = " ".join(filter(None, (_id(row, name) for name in _ADDRESS)))
    if table == "addresses" and door:
        yield "at", door


def _id(row: Placed, column: str) -> str:
    return row.cells.get(column, "").strip().lower()


def _shared(tables: Mapping[str, list[Placed]], part: Tables) -> Tables:
    """The words that a part uses."""
    found: Tables = {}
    for table, column in _SHARED.items():
        rows = tables.get(table, [])
        if column is not None:
            used = {_id(row, column) for rows_of in part.values() for row in rows_of}
            rows = [row for row in rows if _id(row, "id") in used]
        if rows:
            found[table] = rows
    return found


def _size(tables: Mapping[str, list[Placed]]) -> int:
    rows = (filled(dict(row.cells)) for rows in tables.values() for row in rows)
    return sum(len(json.dumps(row)) + 2 for row in rows)


def send(parts: list[Found], post: Post, *, dry_run: bool) -> list[Mapping[str, Any]]:
    """The reports on the parts; of several each is tried before the first is applied."""
    options = {"part": len(parts) > 1}
    if len(parts) > 1 and not dry_run:
        for part in parts:
            post(part, options | {"dry_run": True})
    return [post(part, options | {"dry_run": dry_run}) for part in parts]
