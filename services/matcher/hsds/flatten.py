"""From the nested documents of HSDS to the rows of its tables; pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from contracts.hsds import ENTITIES, TABLES, Entity
from services.matcher.hsds.book import TARGETS

DEEPEST: Final = 12
# What documents nest beside what their own entity has: they are served from several sides.
_BESIDE: Final = {
    "organization": {"services": ("service", True)},
    "service_at_location": {"service": ("service", False)},
}
_LINK_OF: Final = {"taxonomy_detail": "taxonomy_id"}
# Changes of the past, about rows of any table: nothing here is made of them.
_PASSED_BY: Final = frozenset({"metadata"})
_HINTS: Final = (
    ("service_at_location", frozenset({"location", "service"})),
    ("service", frozenset({"status"})),
    ("location", frozenset({"location_type", "latitude"})),
    ("taxonomy_term", frozenset({"taxonomy", "taxonomy_detail", "code"})),
    ("taxonomy", frozenset({"version"})),
)


@dataclass(frozen=True, slots=True)
class Flat:
    """A row, and where it stood: the document and the way into it."""

    place: str
    cells: dict[str, str]


@dataclass(frozen=True, slots=True)
class Wrong:
    """A value that cannot stand where it does."""

    table: str
    place: str
    id: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class _Spot:
    """A document on its way to be a row: what it is, where it stands, and how deep."""

    entity: Entity
    document: Mapping[str, Any]
    place: str
    depth: int


@dataclass(slots=True)
class Rows:
    """The rows of documents, by table and id: what several of them say of one row is one."""

    tables: dict[str, dict[str, Flat]] = field(default_factory=dict)
    wrong: list[Wrong] = field(default_factory=list)

    def add(self, entity: str, document: Mapping[str, Any], place: str) -> None:
        """Take a document and all that it nests."""
        self._take(_Spot(ENTITIES[entity], document, place, 0), {})

    def _take(self, spot: _Spot, links: Mapping[str, str]) -> str:
        """The id of the row that a document became."""
        nests = {f.name: f.many for f in spot.entity.fields.values() if f.entity}
        nests |= {name: many for name, (_, many) in _BESIDE.get(spot.entity.name, {}).items()}
        cells = {
            name: self._text(spot, name, value)
            for name, value in spot.document.items()
            if name not in nests and value is not None
        }
        cells["id"] = cells.get("id") or _nameless(spot)
        cells |= links
        for name, many in nests.items():
            if name in spot.document and name not in _PASSED_BY and spot.depth < DEEPEST:
                found = self._nested(spot, cells["id"], name)
                if not many and found:
                    cells[_LINK_OF.get(name, f"{name}_id")] = found[0]
        return self._merge(spot.entity, Flat(spot.place, cells))

    def _nested(self, spot: _Spot, parent: str, name: str) -> list[str]:
        """The ids of what one field nests."""
        inner, many = _kind_of(spot.entity, name)
        links = _links(spot.entity.name, parent, inner) if many else _owner(spot, inner)
        value = spot.document[name]
        parts = value if isinstance(value, list) else [] if value is None else [value]
        found: list[str] = []
        for number, part in enumerate(parts):
            at = f"{spot.place}.{name}" + (f"[{number}]" if isinstance(value, list) else "")
            if isinstance(part, Mapping):
                within = _Spot(ENTITIES[inner], part, at, spot.depth + 1)
                found.append(self._take(within, links))
            else:
                self.wrong.append(Wrong(ENTITIES[inner].table, at, None, "must be an object"))
        return found

    def _text(self, spot: _Spot, name: str, value: Any) -> str:
        if isinstance(value, Mapping | list):
            if name in spot.entity.fields:
                own = spot.document.get("id")
                named = own if isinstance(own, str) else None
                reason = f"{name}: must be a single value"
                self.wrong.append(Wrong(spot.entity.table, spot.place, named, reason))
            return ""
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, float) and value.is_integer():
            return str(int(value))
        return str(value)

    def _merge(self, entity: Entity, row: Flat) -> str:
        """One row of what several documents say; links to several things make several rows."""
        rows = self.tables.setdefault(entity.table, {})
        own = row.cells["id"]
        before = rows.setdefault(own, row)
        if before is row:
            return own
        torn = [n for n in TARGETS if before.cells.get(n, "") not in {"", row.cells.get(n, "")}]
        torn = [name for name in torn if row.cells.get(name)]
        if torn and entity.name not in {"organization", "service", "location", "program"}:
            other = f"{own}.{row.cells[torn[0]]}"
            rows.setdefault(other, Flat(row.place, {**row.cells, "id": other}))
            return other
        for name, cell in row.cells.items():
            if not before.cells.get(name):
                before.cells[name] = cell
        return own


def entity_of(document: Mapping[str, Any], hint: str) -> str | None:
    """What a document is: by its name, else by what it says; None = nobody knows."""
    by_name = sorted((name for name in ENTITIES if hint.startswith(name)), key=len)
    if by_name and ("id" in document or "name" in document):
        return by_name[-1]
    for entity, marks in _HINTS:
        if marks & document.keys():
            return entity
    return "organization" if {"id", "name"} <= document.keys() else None


def tables_of(document: Mapping[str, Any]) -> dict[str, list[Any]] | None:
    """The tables of a tabular document, such as ``{"services.csv": [...]}``; None for another."""
    names = {key: table_name(key.removesuffix(".csv")) for key in document}
    if not document or not all(
        name in TABLES and isinstance(document[key], list) for key, name in names.items()
    ):
        return None
    return {name: document[key] for key, name in names.items()}


def table_name(text: str) -> str:
    """The table that a file of this name is, where people write one of many or many of one."""
    known = {"service_at_locations": "service_at_location", "urls": "url"}
    known |= {"fundings": "funding", "taxonomy": "taxonomies", "capacities": "service_capacity"}
    return known.get(text, text if text in TABLES else _plural(text))


def _plural(text: str) -> str:
    entity = ENTITIES.get(text)
    return entity.table if entity else text


def _kind_of(entity: Entity, name: str) -> tuple[str, bool]:
    known = entity.fields.get(name)
    if known is not None and known.entity is not None:
        return known.entity, known.many
    return _BESIDE[entity.name][name]


def _links(parent: str, parent_id: str, inner: str) -> dict[str, str]:
    """What the row of a part says of what it hangs on."""
    if inner == "attribute":
        return {"link_id": parent_id, "link_entity": parent}
    column = f"{parent}_id"
    return {column: parent_id} if column in ENTITIES[inner].columns else {}


def _owner(spot: _Spot, inner: str) -> dict[str, str]:
    """A program that a service nests belongs to the service's organization."""
    organization = spot.document.get("organization")
    given = spot.document.get("organization_id") or (
        organization.get("id") if isinstance(organization, Mapping) else None
    )
    owned = spot.entity.name == "service" and inner == "program" and isinstance(given, str)
    return {"organization_id": str(given)} if owned else {}


def _nameless(spot: _Spot) -> str:
    """An id for a part that has none; agencies and services must have their own."""
    return "" if spot.entity.name in {"organization", "service"} else spot.place[-200:]
