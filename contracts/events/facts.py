"""Facts that come after the submission (topic ``referral.lifecycle``)."""

from dataclasses import dataclass

from marshmallow import fields

from contracts.events.event import published
from contracts.events.lifecycle import TOPIC, LifecycleEvent, LifecycleSchema
from contracts.privacy import Coarse, coarse, ident
from contracts.questions import Question


@dataclass(frozen=True, slots=True, kw_only=True)
class FactAdded(LifecycleEvent):
    """Somebody answered what eligibility asks; the coarse answers stand in the snapshot.

    ``agency_id``: the agency that answered; None where an officer or a coordinator did. Of a
    protected need no answer is told at all, and this is never published.
    """

    questions: tuple[Question, ...] = ()
    agency_id: str | None = None


@published("referral.fact_added", 1, TOPIC)
class FactAddedSchema(LifecycleSchema):
    """JSON of ``FactAdded``."""

    record = FactAdded

    questions = coarse(
        Coarse.ELIGIBILITY,
        fields.List(fields.Enum(Question, by_value=True), load_default=tuple),
    )
    agency_id = ident(fields.String(load_default=None, allow_none=True))
