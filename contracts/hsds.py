"""The entities of the Human Services Data Specification 3.x, as they are read and served.

Source: openreferral.org, HSDS 3.1, tabular and nested form.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field: its ``kind`` of value, or the entity that it nests, alone or ``many``.

    Kinds: text, number, uuid, uri, email, moment, word (one of ``words``).
    """

    name: str
    kind: str = "text"
    words: tuple[str, ...] = ()
    entity: str | None = None
    many: bool = False
    required: bool = False


@dataclass(frozen=True, slots=True)
class Entity:
    """An entity: its table, its fields, and what only the tabular form needs: the links."""

    name: str
    table: str
    fields: Mapping[str, Field]
    needed_in_table: frozenset[str]

    @property
    def columns(self) -> frozenset[str]:
        """The names that may stand as columns: all that nests nothing."""
        return frozenset(name for name, field in self.fields.items() if field.entity is None)


# name[!][:kind] - a kind in square brackets is a list of that entity, in braces one of it; words
# with bars are a closed list; ! = must be there; + = must be there in a table.
_LINKS: Final = "attributes:[attribute] metadata:[metadata]"
_SHAPES: Final = {
    "organization organizations": """
        id!:uuid name! alternate_name description! email:email website:uri
        additional_websites:[url] tax_status tax_id year_incorporated:number legal_status logo
        uri:uri parent_organization_id:uuid funding:[funding] contacts:[contact] phones:[phone]
        locations:[location] programs:[program]
        organization_identifiers:[organization_identifier] """
    + _LINKS,
    "program programs": "id!:uuid organization_id+:uuid name! alternate_name description! "
    + _LINKS,
    "service services": """
        id!:uuid organization_id+:uuid program_id:uuid name! alternate_name description url:uri
        additional_urls:[url] email:email status!:active|inactive|defunct|temporarily_closed
        interpretation_services application_process fees_description wait_time fees accreditations
        eligibility_description minimum_age:number maximum_age:number assured_date
        assurer_email:email licenses alert last_modified:moment phones:[phone]
        schedules:[schedule] service_areas:[service_area]
        service_at_locations:[service_at_location] languages:[language]
        organization:{organization} funding:[funding] cost_options:[cost_option]
        program:{program} required_documents:[required_document] contacts:[contact]
        capacities:[service_capacity] """
    + _LINKS,
    "attribute attributes": """
        id!:uuid link_id+:uuid taxonomy_term_id+:uuid link_type link_entity+ value
        taxonomy_term:{taxonomy_term} metadata:[metadata] label""",
    "service_at_location service_at_location": """
        id!:uuid service_id+:uuid location_id+:uuid description service_areas:[service_area]
        contacts:[contact] phones:[phone] schedules:[schedule] location:{location} """
    + _LINKS,
    "location locations": """
        id!:uuid location_type!:physical|postal|virtual url:uri organization_id:uuid name
        alternate_name description transportation latitude:number longitude:number
        external_identifier external_identifier_type languages:[language] addresses:[address]
        contacts:[contact] accessibility:[accessibility] phones:[phone] schedules:[schedule] """
    + _LINKS,
    "phone phones": """
        id!:uuid location_id:uuid service_id:uuid organization_id:uuid contact_id:uuid
        service_at_location_id:uuid number! extension:number type description
        languages:[language] """
    + _LINKS,
    "contact contacts": """
        id!:uuid organization_id:uuid service_id:uuid service_at_location_id:uuid location_id:uuid
        name title department email:email phones:[phone] """
    + _LINKS,
    "address addresses": """
        id!:uuid location_id:uuid attention address_1! address_2 city! region state_province!
        postal_code! country! address_type!:physical|postal|virtual """
    + _LINKS,
    "schedule schedules": """
        id!:uuid service_id:uuid location_id:uuid service_at_location_id:uuid valid_from valid_to
        dtstart timezone:number until count:number wkst:MO|TU|WE|TH|FR|SA|SU freq:WEEKLY|MONTHLY
        interval:number byday byweekno bymonthday byyearday description opens_at closes_at
        schedule_link:uri attending_type notes """
    + _LINKS,
    "funding funding": "id!:uuid organization_id:uuid service_id:uuid source " + _LINKS,
    "service_area service_areas": """
        id!:uuid service_id:uuid service_at_location_id:uuid name description extent extent_type
        uri """
    + _LINKS,
    "required_document required_documents": "id!:uuid service_id:uuid document uri:uri " + _LINKS,
    "language languages": """
        id!:uuid service_id:uuid location_id:uuid phone_id:uuid name code note """
    + _LINKS,
    "accessibility accessibility": "id!:uuid location_id:uuid description details url:uri "
    + _LINKS,
    "taxonomy_term taxonomy_terms": """
        id!:uuid code name! description! parent_id:uuid taxonomy taxonomy_detail:{taxonomy}
        language taxonomy_id:uuid term_uri:uri metadata:[metadata]""",
    "metadata metadata": """
        id!:uuid resource_id+:uuid resource_type+ last_action_date! last_action_type! field_name!
        previous_value! replacement_value! updated_by!""",
    "meta_table_description meta_table_descriptions": "id!:uuid name language character_set "
    + _LINKS,
    "cost_option cost_options": """
        id!:uuid service_id+:uuid valid_from valid_to option currency amount:number
        amount_description """
    + _LINKS,
    "organization_identifier organization_identifiers": """
        id!:uuid organization_id+:uuid identifier_scheme identifier_type! identifier! """
    + _LINKS,
    "taxonomy taxonomies": "id!:uuid name! description! uri:uri version metadata:[metadata]",
    "service_capacity service_capacity": """
        id!:uuid service_id+:uuid unit!:{unit} unit_id+:uuid available!:number maximum:number
        description updated!:moment """
    + _LINKS,
    "url url": "id!:uuid label url!:uri organization_id:uuid service_id:uuid " + _LINKS,
    "unit units": "id!:uuid name! scheme identifier uri:uri " + _LINKS,
}


def _field(text: str) -> Field:
    given, _, kind = text.partition(":")
    name, required = given.rstrip("!+"), given.endswith("!")
    if kind[:1] in {"[", "{"}:
        return Field(name=name, entity=kind[1:-1], many=kind[0] == "[", required=required)
    if "|" in kind:
        words = tuple(word.replace("_", " ") for word in kind.split("|"))
        return Field(name=name, kind="word", words=words, required=required)
    return Field(name=name, kind=kind or "text", required=required)


def _entity(title: str, shape: str) -> Entity:
    name, table = title.split()
    fields = {field.name: field for field in map(_field, shape.split())}
    needed = (text.partition(":")[0] for text in shape.split())
    links = frozenset(link.rstrip("+") for link in needed if link.endswith("+"))
    return Entity(name, table, MappingProxyType(fields), links)


ENTITIES: Final[Mapping[str, Entity]] = MappingProxyType(
    {title.split()[0]: _entity(title, shape) for title, shape in _SHAPES.items()}
)
TABLES: Final[Mapping[str, Entity]] = MappingProxyType(
    {entity.table: entity for entity in ENTITIES.values()}
)
