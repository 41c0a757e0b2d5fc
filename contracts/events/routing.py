"""The matcher's answers to an open attempt, on the sector's own topic; each is a proposal."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from marshmallow import fields

from contracts.events.event import Event, Record, published
from contracts.privacy import Coarse, coarse, ident
from contracts.questions import Question
from contracts.vocabulary import Sector

TOPIC_OF: Final[dict[Sector, str]] = {
    Sector.HOUSING: "routing.housing",
    Sector.MENTAL_HEALTH: "routing.mental-health",
    Sector.YOUTH: "routing.youth",
}
TOPICS: Final = tuple(TOPIC_OF.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One proposed program, and the version of its directory entry that was looked at.

    ``questions``: what the program's rules ask, answered or not; empty for a protected need.
    """

    program_id: str
    agency_id: str
    directory_version: int
    questions: tuple[Question, ...] = ()


class ChoiceSchema(Record):
    """JSON of ``Choice``."""

    record = Choice

    program_id = ident(fields.String(required=True))
    agency_id = ident(fields.String(required=True))
    directory_version = ident(fields.Integer(required=True))
    questions = coarse(
        Coarse.STATE,
        fields.List(fields.Enum(Question, by_value=True), load_default=tuple),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal(Event):
    """An answer to one attempt, unique by (referral, attempt, decision number).

    ``questions``: what programs ask and no fact tells; a protected need leaves them empty.
    """

    referral_id: UUID
    attempt: int
    decision_number: int
    decision_id: UUID
    questions: tuple[Question, ...] = ()


class ProposalSchema(Record):
    """The part that all answers share."""

    referral_id = ident(fields.UUID(required=True))
    attempt = ident(fields.Integer(required=True))
    decision_number = ident(fields.Integer(required=True))
    decision_id = ident(fields.UUID(required=True))
    questions = coarse(
        Coarse.STATE,
        fields.List(fields.Enum(Question, by_value=True), load_default=tuple),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Routed(Proposal):
    """Offer the referral to these programs; each has a place held."""

    choices: tuple[Choice, ...]


@published("routing.routed", 1, *TOPICS)
class RoutedSchema(ProposalSchema):
    """JSON of ``Routed``."""

    record = Routed

    choices = ident(fields.List(fields.Nested(ChoiceSchema), required=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Deferred(Proposal):
    """An answer comes by ``until``; ``held`` = there is a place, kept for who is more urgent."""

    until: datetime
    held: bool = False


@published("routing.deferred", 1, *TOPICS)
class DeferredSchema(ProposalSchema):
    """JSON of ``Deferred``."""

    record = Deferred

    until = coarse(Coarse.TIME, fields.AwareDateTime(required=True))
    held = coarse(Coarse.STATE, fields.Boolean(load_default=False))


@dataclass(frozen=True, slots=True, kw_only=True)
class Waitlisted(Proposal):
    """Programs fit and none has room now."""


@published("routing.waitlisted", 1, *TOPICS)
class WaitlistedSchema(ProposalSchema):
    """JSON of ``Waitlisted``."""

    record = Waitlisted


@dataclass(frozen=True, slots=True, kw_only=True)
class Unplaced(Proposal):
    """No program fits."""


@published("routing.unplaced", 1, *TOPICS)
class UnplacedSchema(ProposalSchema):
    """JSON of ``Unplaced``."""

    record = Unplaced
