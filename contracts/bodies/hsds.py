"""The bodies of the directory as an HSDS API serves it, one schema for each entity of HSDS 3.x."""

from datetime import datetime
from typing import Any, Final

from marshmallow import Schema, fields, validate

from contracts.bodies.shared import WholeNumber, moment
from contracts.hsds import ENTITIES, Entity, Field

MOST_PER_PAGE: Final = 200
MOST_PAGES: Final = 10_000
LONGEST_SEARCH: Final = 200


class StoredMoment(fields.AwareDateTime):
    """A moment that is kept as the text which is served."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **options: Any) -> Any:
        if isinstance(value, datetime):
            return super()._serialize(value, attr, obj, **options)
        return value


_KINDS: Final[dict[str, type[fields.Field[Any]]]] = {
    "text": fields.String,
    "number": fields.Float,
    "uuid": fields.UUID,
    "uri": fields.Url,
    "email": fields.Email,
    "moment": StoredMoment,
    "word": fields.String,
}
SCHEMAS: Final[dict[str, type[Schema]]] = {}


def _made(field: Field) -> fields.Field[Any]:
    if field.entity is not None and field.many:
        return fields.List(fields.Nested(SCHEMAS[field.entity]), required=field.required)
    if field.entity is not None:
        return fields.Nested(SCHEMAS[field.entity], required=field.required)
    if field.kind == "word":
        return fields.String(required=field.required, validate=validate.OneOf(field.words))
    return _KINDS[field.kind](required=field.required)


def _schema(entity: Entity, title: str) -> type[Schema]:
    made = {field.name: _made(field) for field in entity.fields.values()}
    return Schema.from_dict(dict(made), name=f"Hsds{title}Schema")


def _fill() -> None:
    """Whatever is nested is made before what nests it."""
    left = dict(ENTITIES)
    while left:
        for name, entity in list(left.items()):
            if not {f.entity for f in entity.fields.values()} & left.keys():
                SCHEMAS[name] = _schema(entity, name.title().replace("_", ""))
                del left[name]


def _with(name: str, more: dict[str, fields.Field[Any]]) -> type[Schema]:
    """An entity as an answer tells it: with fields that its own schema does not have."""
    own = {field.name: _made(field) for field in ENTITIES[name].fields.values()}
    title = name.title().replace("_", "")
    return Schema.from_dict({**own, **more}, name=f"Hsds{title}EntrySchema")


_fill()


ServiceEntry: Final = _with(
    "service",
    # Of a minimal list the id and the date alone.
    {
        "name": fields.String(),
        "status": fields.String(),
        "modified_date": StoredMoment(allow_none=True),
    },
)
OrganizationFull: Final = _with(
    "organization", {"services": fields.List(fields.Nested(SCHEMAS["service"]))}
)
ServiceAtLocationFull: Final = _with(
    "service_at_location", {"service": fields.Nested(SCHEMAS["service"])}
)


class HsdsBase(Schema):
    """What API this is."""

    version = fields.String(required=True)
    profile = fields.Url(required=True)
    openapi_url = fields.Url(required=True)


class HsdsQuery(Schema):
    """Which page of a list, and what its entries are called."""

    page = WholeNumber(load_default=1, validate=validate.Range(min=1, max=MOST_PAGES))
    per_page = WholeNumber(load_default=50, validate=validate.Range(min=1, max=MOST_PER_PAGE))
    search = fields.String(load_default=None, validate=validate.Length(1, LONGEST_SEARCH))
    format = fields.String(load_default="json", validate=validate.OneOf(["json"]))


class HsdsTermsQuery(HsdsQuery):
    """Terms may be asked for by their taxonomy."""

    taxonomy_id = fields.UUID(load_default=None)


class HsdsEntriesQuery(HsdsTermsQuery):
    """Entries of the directory may be asked for by their terms, and in full."""

    taxonomy_term_id = fields.UUID(load_default=None)
    full = fields.Boolean(load_default=False)


class HsdsOrganizationsQuery(HsdsEntriesQuery):
    """Organizations may be asked for with their services."""

    full_service = fields.Boolean(load_default=False)


class HsdsOrganizationQuery(Schema):
    """One organization, with its services or without."""

    full_service = fields.Boolean(load_default=False)


class HsdsPlacesQuery(HsdsEntriesQuery):
    """Services and their places may be asked for by organization, and by when they changed."""

    organization_id = fields.UUID(load_default=None)
    modified_after = moment(load_default=None)


class HsdsServicesQuery(HsdsPlacesQuery):
    """Services may be asked for as ids and dates alone."""

    minimal = fields.Boolean(load_default=False)


def page_of(contents: type[Schema], title: str) -> type[Schema]:
    """A page of a list, as HSDS has it."""
    return Schema.from_dict(
        {
            "total_items": fields.Integer(required=True),
            "total_pages": fields.Integer(required=True),
            "page_number": fields.Integer(required=True),
            "size": fields.Integer(required=True),
            "first_page": fields.Boolean(required=True),
            "last_page": fields.Boolean(required=True),
            "empty": fields.Boolean(required=True),
            "contents": fields.List(fields.Nested(contents), required=True),
        },
        name=f"Hsds{title}PageSchema",
    )
