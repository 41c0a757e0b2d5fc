"""The life of a referral (topic ``referral.lifecycle``); every event carries the snapshot."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from marshmallow import fields

from contracts.events.event import Event, Record, published
from contracts.events.snapshot import Snapshot, SnapshotSchema
from contracts.privacy import Coarse, coarse, ident
from contracts.vocabulary import (
    ContactMode,
    Outcome,
    Owner,
    Reason,
    RescindReason,
    Side,
)

TOPIC: Final = "referral.lifecycle"


@dataclass(frozen=True, slots=True, kw_only=True)
class LifecycleEvent(Event):
    """Anything that happened to one referral."""

    snapshot: Snapshot


class LifecycleSchema(Record):
    """The part that all lifecycle events share."""

    snapshot = ident(fields.Nested(SnapshotSchema, required=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferEvent(LifecycleEvent):
    """Anything that happened to one offer.

    ``on_behalf``: a coordinator recorded it for the agency.
    """

    offer_id: UUID
    program_id: str
    agency_id: str
    on_behalf: bool = False


class OfferEventSchema(LifecycleSchema):
    """The part that all offer events share."""

    offer_id = ident(fields.UUID(required=True))
    program_id = ident(fields.String(required=True))
    agency_id = ident(fields.String(required=True))
    on_behalf = ident(fields.Boolean(load_default=False))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralSubmitted(LifecycleEvent):
    """An officer submitted a referral; attempt 1 is open.

    ``encounter_id`` links the needs of one encounter; a protected need is linked to none.
    """

    encounter_id: UUID | None = None


@published("referral.submitted", 1, TOPIC)
class ReferralSubmittedSchema(LifecycleSchema):
    """JSON of ``ReferralSubmitted``."""

    record = ReferralSubmitted

    encounter_id = ident(fields.UUID(load_default=None, allow_none=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptOpened(LifecycleEvent):
    """The next attempt at placing the referral was opened."""


@published("attempt.opened", 1, TOPIC)
class AttemptOpenedSchema(LifecycleSchema):
    """JSON of ``AttemptOpened``."""

    record = AttemptOpened


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceRefused(LifecycleEvent):
    """A proposed program was refused: a newer directory entry says that it is paused."""

    program_id: str
    attempt: int
    directory_version: int


@published("choice.refused", 1, TOPIC)
class ChoiceRefusedSchema(LifecycleSchema):
    """JSON of ``ChoiceRefused``."""

    record = ChoiceRefused

    program_id = ident(fields.String(required=True))
    attempt = ident(fields.Integer(required=True))
    directory_version = ident(fields.Integer(required=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralDeferred(LifecycleEvent):
    """The matcher answers later, at the time that it named.

    ``held``: there is a place, kept for somebody more urgent who is expected.
    """

    until: datetime
    held: bool = False


@published("referral.deferred", 1, TOPIC)
class ReferralDeferredSchema(LifecycleSchema):
    """JSON of ``ReferralDeferred``."""

    record = ReferralDeferred

    until = coarse(Coarse.TIME, fields.AwareDateTime(required=True))
    held = coarse(Coarse.STATE, fields.Boolean(load_default=False))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralWaitlisted(LifecycleEvent):
    """Programs fit, none has room; the attempt stays open."""


@published("referral.waitlisted", 1, TOPIC)
class ReferralWaitlistedSchema(LifecycleSchema):
    """JSON of ``ReferralWaitlisted``."""

    record = ReferralWaitlisted


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralUnplaced(LifecycleEvent):
    """No program fits; the coordinator owns the referral, the attempt stays open."""


@published("referral.unplaced", 1, TOPIC)
class ReferralUnplacedSchema(LifecycleSchema):
    """JSON of ``ReferralUnplaced``."""

    record = ReferralUnplaced


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferMade(OfferEvent):
    """The referral was offered to one program, to be answered by the deadline.

    ``over_capacity``: a coordinator insisted, beyond the places that the program stated.
    """

    attempt: int
    deadline_at: datetime
    over_capacity: bool = False


@published("offer.made", 1, TOPIC)
class OfferMadeSchema(OfferEventSchema):
    """JSON of ``OfferMade``."""

    record = OfferMade

    attempt = ident(fields.Integer(required=True))
    deadline_at = coarse(Coarse.TIME, fields.AwareDateTime(required=True))
    over_capacity = ident(fields.Boolean(load_default=False))


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferAcknowledged(OfferEvent):
    """The agency has seen the offer."""


@published("offer.acknowledged", 1, TOPIC)
class OfferAcknowledgedSchema(OfferEventSchema):
    """JSON of ``OfferAcknowledged``."""

    record = OfferAcknowledged


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferAccepted(OfferEvent):
    """The agency took the referral; its person may be read from now on."""


@published("offer.accepted", 1, TOPIC)
class OfferAcceptedSchema(OfferEventSchema):
    """JSON of ``OfferAccepted``."""

    record = OfferAccepted


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferDeclined(OfferEvent):
    """The agency said no, before or after acceptance."""

    reason: Reason
    side: Side
    after_acceptance: bool = False


@published("offer.declined", 1, TOPIC)
class OfferDeclinedSchema(OfferEventSchema):
    """JSON of ``OfferDeclined``."""

    record = OfferDeclined

    reason = coarse(Coarse.REASON, fields.Enum(Reason, by_value=True, required=True))
    side = coarse(Coarse.REASON, fields.Enum(Side, by_value=True, required=True))
    after_acceptance = ident(fields.Boolean(load_default=False))


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferLapsed(OfferEvent):
    """Nobody answered by the deadline."""


@published("offer.lapsed", 1, TOPIC)
class OfferLapsedSchema(OfferEventSchema):
    """JSON of ``OfferLapsed``."""

    record = OfferLapsed


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferRescinded(OfferEvent):
    """The offer was taken back."""

    reason: RescindReason


@published("offer.rescinded", 1, TOPIC)
class OfferRescindedSchema(OfferEventSchema):
    """JSON of ``OfferRescinded``."""

    record = OfferRescinded

    reason = coarse(Coarse.REASON, fields.Enum(RescindReason, by_value=True, required=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactAttempted(OfferEvent):
    """The agency tried to reach the person."""

    mode: ContactMode
    reached: bool
    attempted_at: datetime


@published("contact.attempted", 1, TOPIC)
class ContactAttemptedSchema(OfferEventSchema):
    """JSON of ``ContactAttempted``."""

    record = ContactAttempted

    mode = coarse(Coarse.STATE, fields.Enum(ContactMode, by_value=True, required=True))
    reached = coarse(Coarse.STATE, fields.Boolean(required=True))
    attempted_at = coarse(Coarse.TIME, fields.AwareDateTime(required=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferEngaged(OfferEvent):
    """The person and the program have begun."""


@published("offer.engaged", 1, TOPIC)
class OfferEngagedSchema(OfferEventSchema):
    """JSON of ``OfferEngaged``."""

    record = OfferEngaged


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferCompleted(OfferEvent):
    """The program finished with an outcome."""

    outcome: Outcome


@published("offer.completed", 1, TOPIC)
class OfferCompletedSchema(OfferEventSchema):
    """JSON of ``OfferCompleted``."""

    record = OfferCompleted

    outcome = coarse(Coarse.OUTCOME, fields.Enum(Outcome, by_value=True, required=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferNotServed(OfferEvent):
    """The agency had accepted, and could not serve."""

    reason: Reason
    side: Side


@published("offer.not_served", 1, TOPIC)
class OfferNotServedSchema(OfferEventSchema):
    """JSON of ``OfferNotServed``."""

    record = OfferNotServed

    reason = coarse(Coarse.REASON, fields.Enum(Reason, by_value=True, required=True))
    side = coarse(Coarse.REASON, fields.Enum(Side, by_value=True, required=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralCorrected(LifecycleEvent):
    """Facts were corrected before acceptance; ``changed`` names the fields, never their values."""

    changed: tuple[str, ...] = ()


@published("referral.corrected", 1, TOPIC)
class ReferralCorrectedSchema(LifecycleSchema):
    """JSON of ``ReferralCorrected``."""

    record = ReferralCorrected

    changed = ident(fields.List(fields.String(), load_default=tuple))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewDue(LifecycleEvent):
    """The referral has waited too long for ``owner``; the next review is set."""

    owner: Owner
    next_review_at: datetime


@published("review.due", 1, TOPIC)
class ReviewDueSchema(LifecycleSchema):
    """JSON of ``ReviewDue``."""

    record = ReviewDue

    owner = coarse(Coarse.STATE, fields.Enum(Owner, by_value=True, required=True))
    next_review_at = coarse(Coarse.TIME, fields.AwareDateTime(required=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralWithdrawn(LifecycleEvent):
    """The person, or the officer for them, took the referral back."""

    reason: Reason


@published("referral.withdrawn", 1, TOPIC)
class ReferralWithdrawnSchema(LifecycleSchema):
    """JSON of ``ReferralWithdrawn``."""

    record = ReferralWithdrawn

    reason = coarse(Coarse.REASON, fields.Enum(Reason, by_value=True, required=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralClosed(LifecycleEvent):
    """The referral ended with a recorded outcome."""

    outcome: Outcome
    reason: Reason | None = None
    side: Side | None = None


@published("referral.closed", 1, TOPIC)
class ReferralClosedSchema(LifecycleSchema):
    """JSON of ``ReferralClosed``."""

    record = ReferralClosed

    outcome = coarse(Coarse.OUTCOME, fields.Enum(Outcome, by_value=True, required=True))
    reason = coarse(
        Coarse.REASON,
        fields.Enum(Reason, by_value=True, load_default=None, allow_none=True),
    )
    side = coarse(
        Coarse.REASON,
        fields.Enum(Side, by_value=True, load_default=None, allow_none=True),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralEnteredInError(LifecycleEvent):
    """The referral should never have been; it leaves every figure."""


@published("referral.entered_in_error", 1, TOPIC)
class ReferralEnteredInErrorSchema(LifecycleSchema):
    """JSON of ``ReferralEnteredInError``."""

    record = ReferralEnteredInError
