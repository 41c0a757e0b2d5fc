"""The bodies of disclosures: who was shown what of a person, when, and why."""

from marshmallow import Schema, fields

from contracts import vocabulary as words


class Disclosure(Schema):
    """One time that fields of a person were shown; ``agency_id`` is null within the coordination.

    ``consent`` is the version of the consent that stood then, ``number`` the entry of the audit.
    """

    number = fields.Integer(required=True)
    at = fields.AwareDateTime(required=True)
    agency_id = fields.String(required=True, allow_none=True)
    by = fields.String(required=True)
    role = fields.Enum(words.Role, by_value=True, required=True)
    fields_shown = fields.List(fields.String(), required=True, data_key="fields")
    purpose = fields.Enum(words.Purpose, by_value=True, required=True)
    consent = fields.Integer(required=True, allow_none=True)
    offer_id = fields.UUID(required=True, allow_none=True)


class Disclosures(Schema):
    """Every disclosure of one person, oldest first; ``verified`` says that the chains hold."""

    reference = fields.String(required=True)
    items = fields.List(fields.Nested(Disclosure), required=True)
    verified = fields.Boolean(required=True)
