"""The directory's public face: its rows as the nested documents that an HSDS API serves."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from contracts.hsds import ENTITIES, Field
from services.matcher.domain.listing import Kind, Listing, public_id
from services.matcher.hsds.book import TARGETS, Book
from services.matcher.hsds.needs import TAXONOMIES
from services.matcher.hsds.rows import Row

_URI: Final = re.compile(r"https?://[^\s/]+\.[^\s]+")
_EMAIL: Final = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
# What hangs on a row: its name there, the table, and the column that leads back.
_PARTS: Final[dict[str, tuple[tuple[str, str, str], ...]]] = {
    "organization": (
        ("additional_websites", "url", "organization_id"),
        ("funding", "funding", "organization_id"),
        ("phones", "phones", "organization_id"),
        ("programs", "programs", "organization_id"),
        ("organization_identifiers", "organization_identifiers", "organization_id"),
        ("locations", "locations", "organization_id"),
    ),
    "service": (
        ("additional_urls", "url", "service_id"),
        ("phones", "phones", "service_id"),
        ("schedules", "schedules", "service_id"),
        ("service_areas", "service_areas", "service_id"),
        ("languages", "languages", "service_id"),
        ("funding", "funding", "service_id"),
        ("cost_options", "cost_options", "service_id"),
        ("required_documents", "required_documents", "service_id"),
        ("service_at_locations", "service_at_location", "service_id"),
    ),
    "service_at_location": (
        ("service_areas", "service_areas", "service_at_location_id"),
        ("phones", "phones", "service_at_location_id"),
        ("schedules", "schedules", "service_at_location_id"),
    ),
    "location": (
        ("languages", "languages", "location_id"),
        ("addresses", "addresses", "location_id"),
        ("accessibility", "accessibility", "location_id"),
        ("phones", "phones", "location_id"),
        ("schedules", "schedules", "location_id"),
    ),
    "phone": (("languages", "languages", "phone_id"),),
}
# Of parts that link to several things, each stands once: at the nearest to the service.
_NEARER: Final = {
    "organization_id": ("service_id", "service_at_location_id", "location_id"),
    "location_id": ("service_id", "service_at_location_id"),
    "service_at_location_id": ("service_id",),
}
# The values of an entity: neither its id, nor its links, nor what it nests.
_VALUES: Final = {
    name: tuple(
        field
        for field in entity.fields.values()
        if field.entity is None and field.name != "id" and field.name not in TARGETS
    )
    for name, entity in ENTITIES.items()
}
_ENTITY_OF: Final = {entity.table: name for name, entity in ENTITIES.items()}


def listings_of(book: Book, training: Iterable[str], private: Iterable[str]) -> tuple[Listing, ...]:
    """Everything that is listed; what exists for exercises is not.

    ``private``: services and agencies of which nothing is kept aside: nobody knows what it says.
    """
    made = _Maker(book, frozenset(training))
    hidden = frozenset(private)
    return tuple(replace(one, aside={}) if one.own_id in hidden else one for one in made.all())


class _Maker:
    """Makes documents of one book."""

    def __init__(self, book: Book, training: frozenset[str]) -> None:
        self._book = book
        self._training = training
        links = {(table, column) for parts in _PARTS.values() for _, table, column in parts}
        self._by = {(table, column): book.by(table, column) for table, column in links}
        self._attributes = book.by("attributes", "link_id")
        self._rows = {
            table: {row.id: row for row in book.rows[table]}
            for table in ("locations", "programs", "taxonomies", "taxonomy_terms", "services")
        }
        self._aside: dict[str, dict[str, str]] = {}

    def all(self) -> Iterable[Listing]:
        """Every listing, organizations first."""
        busy = {row.values["organization_id"] for row in self._book.rows["services"]}
        real = {row.values["organization_id"] for row in self._services()}
        for row in self._book.rows["organizations"]:
            if row.id in real or row.id not in busy:
                yield self._listing(Kind.ORGANIZATION, row, agency_id=row.id)
        for row in self._services():
            agency = row.values["organization_id"]
            terms = tuple(self._terms(row))
            yield self._listing(Kind.SERVICE, row, agency_id=agency, terms=terms)
        for row in self._book.rows["service_at_location"]:
            service = self._rows["services"][row.values["service_id"]]
            if service.id not in self._training:
                agency = service.values["organization_id"]
                kind, terms = Kind.SERVICE_AT_LOCATION, tuple(self._terms(service))
                yield self._listing(kind, row, agency_id=agency, service_id=service.id, terms=terms)
        yield from self._words()

    def _services(self) -> list[Row]:
        return [row for row in self._book.rows["services"] if row.id not in self._training]

    def _words(self) -> Iterable[Listing]:
        """Taxonomies and their terms; those in use that no table explains explain themselves."""
        for row in self._book.rows["taxonomies"]:
            yield self._listing(Kind.TAXONOMY, row)
        listed = dict.fromkeys(self._rows["taxonomy_terms"])
        for row in self._book.rows["attributes"]:
            listed.setdefault(row.values.get("taxonomy_term_id", ""))
        for term_id in filter(None, listed):
            body = self._term(term_id, "")
            yield Listing(
                kind=Kind.TAXONOMY_TERM,
                id=body["id"],
                own_id=term_id,
                name=body["name"],
                terms=((body["id"], body.get("taxonomy_detail", {}).get("id", "")),),
                body=body,
            )

    def _listing(self, kind: Kind, row: Row, **more: Any) -> Listing:
        self._aside = {}
        body = self._document(kind, row)
        name = str(body.get("name") or row.id)
        modified = _modified(row)
        return Listing(
            kind=kind,
            id=body["id"],
            own_id=row.id,
            name=name,
            modified_at=modified,
            body=body,
            aside=self._aside,
            **more,
        )

    def _document(self, entity: str, row: Row) -> dict[str, Any]:
        """A row with everything that hangs on it."""
        found = self._own(entity, row)
        for name, table, column in _PARTS.get(entity, ()):
            parts = [
                self._document(_ENTITY_OF[table], part)
                for part in self._by[table, column].get(row.id, ())
                if not any(part.values.get(nearer) for nearer in _NEARER.get(column, ()))
            ]
            if parts:
                found[name] = parts
        return found | self._single(entity, row)

    def _single(self, entity: str, row: Row) -> dict[str, Any]:
        """What nests otherwise than as a list of parts, and the ids that a list needs."""
        found: dict[str, Any] = {}
        if entity == "service":
            organization = row.values["organization_id"]
            found["organization_id"] = public_id("organizations", organization)
            if program := self._rows["programs"].get(row.values.get("program_id", "")):
                found["program"] = self._own("program", program)
        if entity == "service_at_location":
            location = self._rows["locations"][row.values["location_id"]]
            found["location"] = self._document("location", location)
        if attributes := [self._attribute(own) for own in self._attributes.get(row.id, ())]:
            found["attributes"] = attributes
        return found

    def _own(self, entity: str, row: Row) -> dict[str, Any]:
        """The values of a row that are of their kind, with what the entity must have."""
        shape = ENTITIES[entity]
        if row.extra:
            self._aside[f"{shape.table}/{row.id}"] = dict(row.extra)
        found: dict[str, Any] = {"id": public_id(shape.table, row.id)}
        for one in _VALUES[entity]:
            text = row.values.get(one.name)
            value = _value(one, text) if text else None
            if value is None and one.required:
                value = _instead(one, found)
            if value is not None:
                found[one.name] = value
        return found

    def _attribute(self, row: Row) -> dict[str, Any]:
        own = self._own("attribute", row)
        kept = {name: own[name] for name in ("id", "link_type", "value", "label") if name in own}
        term = self._term(row.values.get("taxonomy_term_id", ""), row.values.get("label", ""))
        return kept | {"link_entity": "service", "taxonomy_term": term}

    def _term(self, term_id: str, label: str) -> dict[str, Any]:
        """A term, by its row where there is one, else by its id and label."""
        prefix, _, code = term_id.partition(":")
        row = self._rows["taxonomy_terms"].get(term_id)
        if row is None:
            name = label or (code or prefix).replace("_", " ").capitalize() or "unnamed"
            made = {"id": public_id("taxonomy_terms", term_id), "code": code, "name": name}
            return made | {"description": name, "taxonomy": prefix}
        found = self._own("taxonomy_term", row)
        of = row.values.get("taxonomy_id") or (prefix if prefix in TAXONOMIES else "")
        taxonomy = self._rows["taxonomies"].get(of)
        if taxonomy is not None:
            found["taxonomy_detail"] = self._own("taxonomy", taxonomy)
        if of:
            found.setdefault("taxonomy", of)
        return found

    def _terms(self, row: Row) -> Iterable[tuple[str, str]]:
        """The terms of a service, each with its taxonomy, as they are asked for."""
        for attribute in self._attributes.get(row.id, ()):
            term = self._term(attribute.values.get("taxonomy_term_id", ""), "")
            yield term["id"], term.get("taxonomy_detail", {}).get("id", "")


def _value(one: Field, text: str) -> Any:
    """A cell as its kind wants it; None where it is none."""
    read = _READ.get(one.kind)
    if read is not None:
        return read(text)
    if one.kind == "word":
        return next((word for word in one.words if word.lower() == text.lower()), None)
    return text


def _instead(one: Field, found: Mapping[str, Any]) -> Any:
    """What stands where HSDS wants something and nobody said it."""
    if one.kind == "word":
        return one.words[0]
    return found.get("name", "")


def _number(text: str) -> float | int | None:
    if not re.fullmatch(r"[+-]?[0-9]{1,12}(\.[0-9]{1,20})?", text):
        return None
    return float(text) if "." in text else int(text)


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _matching(pattern: re.Pattern[str]) -> Callable[[str], Any]:
    return lambda text: text if pattern.fullmatch(text) else None


def _time(text: str) -> str | None:
    moment = _moment(text)
    return moment.isoformat() if moment else None


_READ: Final[dict[str, Callable[[str], Any]]] = {
    "number": _number,
    "moment": _time,
    "uri": _matching(_URI),
    "email": _matching(_EMAIL),
}


def _modified(row: Row) -> datetime | None:
    """When the agency or the keeper last looked: of several dates the latest."""
    dates = (_moment(row.values.get(name, "")) for name in ("last_modified", "assured_date"))
    return max(filter(None, dates), default=None)
