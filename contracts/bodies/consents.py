"""The bodies of consents: how one is given, its history, its revocation, and an erasure."""

from typing import Any, Final

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from contracts import vocabulary as words
from contracts.bodies.shared import LONGEST_NOTE, distinct, flag, moment, slug, text, word

MOST_AGENCIES: Final = 50
_NEEDED: Final = ("scope", "given_by", "method")
_BESIDE: Final = ("representative_name", "expires_at", "agencies", "sectors")


class Given(Schema):
    """What the person agreed to, how, who said so, and who may receive it; none named = any."""

    scope = word(words.ConsentScope)
    given_by = word(words.ConsentGiver)
    method = word(words.ConsentMethod)
    representative_name = text(200, allow_none=True)
    expires_at = moment(allow_none=True)
    agencies = fields.List(slug(), validate=[validate.Length(max=MOST_AGENCIES), distinct])
    sectors = fields.List(word(words.Sector), validate=distinct)


class Consent(Given):
    """The consent of a submission: given, or none yet, because the person cannot now."""

    cannot_consent_now = flag(
        metadata={"description": "offered without anything of the person; no other field beside it"}
    )

    @validates_schema
    def _is_one_or_the_other(self, data: dict[str, Any], **_: object) -> None:
        if not data.get("cannot_consent_now"):
            check_given(data)
        for name in (*_NEEDED, *_BESIDE) if data.get("cannot_consent_now") else ():
            if data.get(name):
                raise ValidationError("Nothing is agreed to where nobody could consent.", name)


class RecordConsent(Given):
    """A consent that was obtained, or renewed, after the submission."""

    @validates_schema
    def _is_whole(self, data: dict[str, Any], **_: object) -> None:
        check_given(data)


class RevokeConsent(Schema):
    """The person takes the consent back; a note is kept sealed."""

    note = text(LONGEST_NOTE)


class EraseReferral(Schema):
    """Why what is known of the person is erased: a word, for a text would outlive the person."""

    reason = word(words.EraseReason, required=True)


class ConsentOfPerson(Schema):
    """The consent under which the holder reads the person."""

    scope = word(words.ConsentScope, required=True)
    given_by = word(words.ConsentGiver, required=True)
    method = word(words.ConsentMethod, required=True)
    representative_name = fields.String(allow_none=True)
    expires_at = fields.AwareDateTime(allow_none=True)


class ConsentView(Schema):
    """One record of the history; what was never said, or was erased, is null."""

    version = fields.Integer(required=True)
    status = word(words.ConsentStatus, required=True)
    scope = word(words.ConsentScope, required=True, allow_none=True)
    given_by = word(words.ConsentGiver, required=True, allow_none=True)
    method = word(words.ConsentMethod, required=True, allow_none=True)
    agencies = fields.List(fields.String(), required=True)
    sectors = fields.List(word(words.Sector), required=True)
    since = fields.AwareDateTime(required=True)
    until = fields.AwareDateTime(required=True, allow_none=True)
    expires_at = fields.AwareDateTime(required=True, allow_none=True)


class RevocationOfOffer(Schema):
    """A revoked consent as the agency has to honour it, and whether it said that it has."""

    revoked_at = fields.AwareDateTime(required=True)
    due_at = fields.AwareDateTime(required=True)
    acknowledged_at = fields.AwareDateTime(required=True, allow_none=True)


class RevocationView(RevocationOfOffer):
    """How the revocation stands with one agency that held the person."""

    offer_id = fields.UUID(required=True)
    agency_id = fields.String(required=True)


class Consents(Schema):
    """Every record of a referral's consent, the newest first, and who has to honour its end."""

    status = word(words.ConsentStatus, required=True)
    items = fields.List(fields.Nested(ConsentView), required=True)
    revocations = fields.List(fields.Nested(RevocationView), required=True)
    erased_at = fields.AwareDateTime(required=True, allow_none=True)


def check_given(data: dict[str, Any]) -> None:
    """Raise ValidationError naming what a given consent lacks."""
    for name in _NEEDED:
        if name not in data:
            raise ValidationError("Missing data for required field.", name)
    giver = data["given_by"]
    if giver != words.ConsentGiver.SELF and not data.get("representative_name"):
        raise ValidationError(f"Needed where the {giver} consents.", "representative_name")
