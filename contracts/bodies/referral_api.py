"""The bodies of referral_api: units, referrals, offers, persons, tallies, deadlines, history."""

from collections.abc import Mapping
from typing import Any, Final

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from contracts import vocabulary as words
from contracts.bodies import consents, facts
from contracts.bodies.shared import (
    LONGEST_NOTE,
    Place,
    count,
    distinct,
    email_address,
    flag,
    moment,
    slug,
    text,
    word,
)

MOST_PROGRAMS: Final = 20
PERSON_REASONS: Final = tuple(r for r in words.Reason if words.Side.PERSON in words.SIDES_OF[r])


def _programs() -> fields.List[str]:
    return fields.List(slug(), validate=[validate.Length(max=MOST_PROGRAMS), distinct])


def _side_fits(data: Mapping[str, Any]) -> None:
    """A reason lies on one side, or on either: the caller must not say the wrong one."""
    reason, side = data.get("reason"), data.get("side")
    if (reason is None) != (side is None):
        missing = "side" if side is None else "reason"
        raise ValidationError("A reason and its side go together.", missing)
    if reason is not None and side not in words.SIDES_OF[reason]:
        right = " or ".join(sorted(words.SIDES_OF[reason]))
        raise ValidationError(f"The side of {reason} is {right}.", "side")


class UnitBody(Schema):
    """A police unit; what a training unit submits stays out of every figure."""

    name = text(200, required=True)
    training = flag(required=True)


class Unit(UnitBody):
    """A police unit with its id."""

    unit_id = fields.String(required=True)


class UnitPage(Schema):
    """A page of units."""

    items = fields.List(fields.Nested(Unit), required=True)
    next = fields.String(required=True, allow_none=True)


class PersonChange(Schema):
    """What is known of the person; null takes a fact back."""

    name = text(200, allow_none=True)
    phone = text(40, allow_none=True)
    email = email_address(allow_none=True)
    where_to_find = text(500, allow_none=True)
    safe_contact = word(words.SafeContact)
    safe_contact_note = text(500, allow_none=True)
    language = facts.language_code(allow_none=True)
    age = count(0, facts.OLDEST, allow_none=True, metadata={"description": "years"})
    household_size = count(1, facts.LARGEST_HOUSEHOLD, allow_none=True)
    accommodations = fields.List(word(words.Accommodation), validate=distinct)


class Person(PersonChange):
    """The person: how to reach or find them, safely, and what a place must allow."""

    safe_contact = word(words.SafeContact, required=True)


class SubmitReferral(Schema):
    """One need of one person whom an officer met, offered and agreed to."""

    encounter_id = fields.UUID(required=True)
    need = word(words.Need, required=True)
    urgency = word(words.Urgency, required=True)
    entry_door = word(words.EntryDoor, required=True)
    voluntary = flag(
        required=True,
        validate=validate.Equal(True, error="Participation must be voluntary."),  # noqa: FBT003
    )
    person = fields.Nested(Person, required=True)
    place = fields.Nested(Place, allow_none=True)
    preferred_programs = _programs()
    avoided_programs = _programs()
    note = text(LONGEST_NOTE, allow_none=True)
    consent = fields.Nested(consents.Consent, required=True)
    origin = word(words.Origin, load_default=words.Origin.LIVE)
    occurred_at = moment(allow_none=True)

    @validates_schema
    def _dates_the_past(self, data: dict[str, Any], **_: object) -> None:
        if data["origin"] is words.Origin.IMPORTED and not data.get("occurred_at"):
            raise ValidationError("Needed for an imported referral.", "occurred_at")


class CorrectReferral(Schema):
    """The fields to correct, in the shape of the submission; what is left out stays."""

    need = word(words.Need)
    urgency = word(words.Urgency)
    person = fields.Nested(PersonChange)
    place = fields.Nested(Place, allow_none=True)
    preferred_programs = _programs()
    avoided_programs = _programs()
    note = text(LONGEST_NOTE, allow_none=True)

    @validates_schema
    def _changes_something(self, data: dict[str, Any], **_: object) -> None:
        if not data or data == {"person": {}}:
            raise ValidationError("Name at least one field to correct.")


class Receipt(facts.WithQuestions):
    """What the officer holds in hand; the reference can be read out over the phone."""

    referral_id = fields.UUID(required=True)
    reference = fields.String(required=True)
    status = word(words.CoarseStatus, required=True)
    submitted_at = fields.AwareDateTime(required=True)
    needs_attention = fields.Boolean(
        metadata={"description": "a crisis nobody answered in time, while the encounter is open"}
    )


class OfferStanding(Schema):
    """To which program an offer was made, and what became of it."""

    offer_id = fields.UUID(required=True)
    program_id = fields.String(required=True)
    agency_id = fields.String(required=True)
    state = word(words.OfferState, required=True)
    offered_at = fields.AwareDateTime(required=True)
    deadline_at = fields.AwareDateTime(required=True)
    reason = word(words.Reason, required=True, allow_none=True)
    side = word(words.Side, required=True, allow_none=True)
    over_capacity = fields.Boolean(
        metadata={"description": "a coordinator insisted: none of the stated places is taken"}
    )


class OfferView(OfferStanding, facts.FactsOfOffer):
    """An offer as its agency sees it; facts of the person are coarse, and gone once it ended."""

    referral_id = fields.UUID(required=True)
    reference = fields.String(required=True)
    need = word(words.Need, required=True)
    urgency = word(words.Urgency, required=True)
    sector = word(words.Sector, required=True)
    age_band = word(words.AgeBand, required=True)
    language = fields.String(required=True, allow_none=True)
    household_size = fields.Integer(required=True, allow_none=True)
    accommodations = fields.List(word(words.Accommodation), required=True)
    answered_at = fields.AwareDateTime(required=True, allow_none=True)
    rescinded_for = word(words.RescindReason, required=True, allow_none=True)
    outcome = word(words.Outcome, required=True, allow_none=True)
    origin = word(words.Origin, required=True)
    training = fields.Boolean(required=True)
    consent = word(words.ConsentStatus)
    revocation = fields.Nested(consents.RevocationOfOffer, allow_none=True)


class OfferPage(Schema):
    """A page of offers, the nearest deadline first."""

    items = fields.List(fields.Nested(OfferView), required=True)
    next = fields.String(required=True, allow_none=True)


class PlacedOffer(OfferStanding):
    """An offer as the coordinator sees it beside its referral."""

    attempt = fields.Integer(required=True)


class Receiver(Schema):
    """The program to which a person in a crisis is brought; null where nobody has said."""

    program_id = fields.String(required=True)
    name = fields.String(required=True, allow_none=True)
    phone = fields.String(required=True, allow_none=True)
    address = fields.String(required=True, allow_none=True)


class ReferralView(Receipt):
    """A referral: officers get the receipt's fields alone, coordinators all of them.

    ``receiver`` is told of a crisis by whoever reads one referral, once an offer is made and until
    the officer has left or the encounter is over.
    """

    state = word(words.ReferralState)
    need = word(words.Need)
    urgency = word(words.Urgency)
    sector = word(words.Sector)
    unit_id = fields.String()
    owner = word(words.Owner, allow_none=True)
    review_at = fields.AwareDateTime(allow_none=True)
    attempt = fields.Integer()
    excluded = fields.List(fields.String())
    offers = fields.List(fields.Nested(PlacedOffer))
    version = fields.Integer()
    outcome = word(words.Outcome, allow_none=True)
    reason = word(words.Reason, allow_none=True)
    side = word(words.Side, allow_none=True)
    origin = word(words.Origin)
    training = fields.Boolean()
    consent = word(words.ConsentStatus)
    erased_at = fields.AwareDateTime(allow_none=True)
    receiver = fields.Nested(Receiver, allow_none=True)


class ReferralPage(Schema):
    """A page of referrals, the oldest first."""

    items = fields.List(fields.Nested(ReferralView), required=True)
    next = fields.String(required=True, allow_none=True)


class Withdraw(Schema):
    """The person takes the referral back; the reason lies on the person's side."""

    reason = word(words.Reason, required=True, validate=validate.OneOf(PERSON_REASONS))
    note = text(LONGEST_NOTE)


class Reroute(Schema):
    """Try again to place the referral."""

    note = text(LONGEST_NOTE)


class Close(Schema):
    """The coordinator ends the referral with what came of it."""

    outcome = word(words.Outcome, required=True)
    reason = word(words.Reason)
    side = word(words.Side)
    note = text(LONGEST_NOTE)

    @validates_schema
    def _says_why(self, data: dict[str, Any], **_: object) -> None:
        if data["outcome"] is words.Outcome.NOT_SERVED and "reason" not in data:
            raise ValidationError("Needed where nobody served the person.", "reason")
        _side_fits(data)


class PlaceByHand(Schema):
    """The coordinator asks for one program, and says why; ``insist`` goes beyond its capacity."""

    program_id = slug(required=True)
    note = text(LONGEST_NOTE, required=True)
    insist = flag(load_default=False)


class EnterInError(Schema):
    """The referral should never have been; says why."""

    note = text(LONGEST_NOTE, required=True)


class SayNo(Schema):
    """An agency's no: the reason, on whose side it lies, and a note that is kept sealed."""

    reason = word(words.Reason, required=True)
    side = word(words.Side, required=True)
    note = text(LONGEST_NOTE)

    @validates_schema
    def _side_of_the_reason(self, data: dict[str, Any], **_: object) -> None:
        _side_fits(data)


class Contact(Schema):
    """One attempt to reach the person."""

    mode = word(words.ContactMode, required=True)
    reached = flag(required=True)
    attempted_at = moment()


class Complete(Schema):
    """The program is done; where it could not serve, `not-served` is the step."""

    outcome = word(
        words.Outcome,
        required=True,
        validate=validate.NoneOf(
            [words.Outcome.NOT_SERVED], error="Use not-served, with a reason."
        ),
    )


class PersonView(facts.FactsOfPerson):
    """The person as the agency that accepted reads them."""

    name = fields.String(required=True, allow_none=True)
    phone = fields.String(required=True, allow_none=True)
    email = fields.String(required=True, allow_none=True)
    where_to_find = fields.String(required=True, allow_none=True)
    safe_contact = fields.String(required=True, allow_none=True)
    safe_contact_note = fields.String(required=True, allow_none=True)
    place = fields.Nested(Place, required=True, allow_none=True)
    note = fields.String(required=True, allow_none=True)
    age = fields.Integer(required=True, allow_none=True)
    language = fields.String(required=True, allow_none=True)
    household_size = fields.Integer(required=True, allow_none=True)
    accommodations = fields.List(fields.String(), required=True)
    consent = fields.Nested(consents.ConsentOfPerson, required=True)


class TallyBody(Schema):
    """Help was offered and the person said no: a count, never a person."""

    need = word(words.Need, required=True)
    entry_door = word(words.EntryDoor, required=True)


class Tally(Schema):
    """The receipt of a tally."""

    tally_id = fields.UUID(required=True)


class OfferDeadline(Schema):
    """How long an agency has to answer."""

    sector = word(words.Sector, required=True)
    urgency = word(words.Urgency, required=True)
    minutes = fields.Integer(required=True)


class ReviewInterval(Schema):
    """How long a referral may stand in a state before its owner is reminded."""

    state = word(words.ReferralState, required=True)
    urgency = word(words.Urgency, required=True)
    minutes = fields.Integer(required=True)


class Deadlines(Schema):
    """Every deadline and review interval in force."""

    deadlines = fields.List(fields.Nested(OfferDeadline), required=True)
    reviews = fields.List(fields.Nested(ReviewInterval), required=True)


class HistoryItem(Schema):
    """One event of the referral, as it was published."""

    seq = fields.Integer(required=True)
    type = fields.String(required=True)
    at = fields.AwareDateTime(required=True)
    data = fields.Dict(keys=fields.String(), required=True)


class History(Schema):
    """The whole life of one referral, oldest first."""

    items = fields.List(fields.Nested(HistoryItem), required=True)


class AuditItem(Schema):
    """One entry of the audit: who did what, naming fields and never values."""

    number = fields.Integer(required=True)
    at = fields.AwareDateTime(required=True)
    actor = fields.String(required=True)
    role = fields.String(required=True)
    tenant = fields.String(required=True, allow_none=True)
    action = fields.String(required=True)
    detail = fields.Dict(keys=fields.String(), required=True)


class Audit(Schema):
    """The audit of one referral; ``verified`` says that its and the history's chains hold."""

    items = fields.List(fields.Nested(AuditItem), required=True)
    verified = fields.Boolean(required=True)


class Note(Schema):
    """A free text that came with a step; ``about`` is the offer, or an id of the step's time."""

    about = fields.UUID(required=True)
    text = fields.String(required=True)


class Notes(Schema):
    """Every free text of one referral but the officer's own, which goes to the holder."""

    items = fields.List(fields.Nested(Note), required=True)


class RepublishBody(Schema):
    """Which topic to send again; both where none is named."""

    topic = fields.String(validate=validate.OneOf(["referral.lifecycle", "referral.tallies"]))


class Republished(Schema):
    """How many events will be sent again."""

    events = fields.Integer(required=True)
