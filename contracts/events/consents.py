"""The life of a consent (topic ``referral.lifecycle``): recorded, expired, revoked, erased."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from marshmallow import fields

from contracts.events.event import Record, published
from contracts.events.lifecycle import (
    TOPIC,
    LifecycleEvent,
    LifecycleSchema,
    OfferEvent,
    OfferEventSchema,
)
from contracts.privacy import Coarse, coarse, ident
from contracts.vocabulary import ConsentStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentEvent(LifecycleEvent):
    """Anything that happened to a consent; ``version`` counts the records of one referral."""

    version: int


class ConsentEventSchema(LifecycleSchema):
    """The part that all events of a consent share."""

    version = ident(fields.Integer(required=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentRecorded(ConsentEvent):
    """A consent was obtained or renewed after submission; by whom, the audit tells."""

    status: ConsentStatus


@published("consent.recorded", 1, TOPIC)
class ConsentRecordedSchema(ConsentEventSchema):
    """JSON of ``ConsentRecorded``."""

    record = ConsentRecorded

    status = coarse(Coarse.STATE, fields.Enum(ConsentStatus, by_value=True, required=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentExpired(ConsentEvent):
    """The consent ended at the moment that it named; nothing more is disclosed."""


@published("consent.expired", 1, TOPIC)
class ConsentExpiredSchema(ConsentEventSchema):
    """JSON of ``ConsentExpired``."""

    record = ConsentExpired


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentRevoked(ConsentEvent):
    """The person took the consent back; as of this commit nothing more is disclosed."""


@published("consent.revoked", 1, TOPIC)
class ConsentRevokedSchema(ConsentEventSchema):
    """JSON of ``ConsentRevoked``."""

    record = ConsentRevoked


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationIssued(OfferEvent):
    """An agency that held the person is told of the revocation, to acknowledge by the deadline."""

    deadline_at: datetime


@published("revocation.issued", 1, TOPIC)
class RevocationIssuedSchema(OfferEventSchema):
    """JSON of ``RevocationIssued``."""

    record = RevocationIssued

    deadline_at = coarse(Coarse.TIME, fields.AwareDateTime(required=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationOverdue(OfferEvent):
    """An agency has not acknowledged the revocation in time; it is reminded, again and again."""

    deadline_at: datetime


@published("revocation.overdue", 1, TOPIC)
class RevocationOverdueSchema(OfferEventSchema):
    """JSON of ``RevocationOverdue``."""

    record = RevocationOverdue

    deadline_at = coarse(Coarse.TIME, fields.AwareDateTime(required=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationAcknowledged(OfferEvent):
    """An agency says that it no longer uses what it knows of the person."""


@published("revocation.acknowledged", 1, TOPIC)
class RevocationAcknowledgedSchema(OfferEventSchema):
    """JSON of ``RevocationAcknowledged``."""

    record = RevocationAcknowledged


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """An offer that was accepted once: since then its agency may know the person."""

    offer_id: UUID
    program_id: str
    agency_id: str


class HeldSchema(Record):
    """JSON of ``Held``."""

    record = Held

    offer_id = ident(fields.UUID(required=True))
    program_id = ident(fields.String(required=True))
    agency_id = ident(fields.String(required=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonErased(LifecycleEvent):
    """What was known of the person is gone: delete it wherever it is held.

    ``holders``: the newest offer of each agency that ever held the referral. ``remains`` is the
    digest of what history keeps of the earlier events, so that its chain can still be verified.
    """

    remains: str
    holders: tuple[Held, ...] = ()


@published("person.erased", 1, TOPIC)
class PersonErasedSchema(LifecycleSchema):
    """JSON of ``PersonErased``."""

    record = PersonErased

    remains = ident(fields.String(required=True))
    holders = ident(fields.List(fields.Nested(HeldSchema), load_default=tuple))
