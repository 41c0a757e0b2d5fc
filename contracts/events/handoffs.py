"""The warm handoff (topic ``referral.lifecycle``): how and when an officer brought the person."""

from dataclasses import dataclass
from datetime import datetime

from marshmallow import fields

from contracts.events.event import published
from contracts.events.lifecycle import TOPIC, LifecycleEvent, LifecycleSchema
from contracts.privacy import Coarse, coarse
from contracts.vocabulary import HandoffKind


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralHandedOver(LifecycleEvent):
    """An officer recorded a handoff, or corrected it: everything as it stands now.

    Of a protected need nothing but the snapshot is told.
    """

    handoff_kind: HandoffKind | None = None
    called_at: datetime | None = None
    arrived_at: datetime | None = None
    left_at: datetime | None = None


@published("referral.handed_over", 1, TOPIC)
class ReferralHandedOverSchema(LifecycleSchema):
    """JSON of ``ReferralHandedOver``."""

    record = ReferralHandedOver

    handoff_kind = coarse(
        Coarse.STATE,
        fields.Enum(HandoffKind, by_value=True, load_default=None, allow_none=True),
    )
    called_at = coarse(Coarse.TIME, fields.AwareDateTime(load_default=None, allow_none=True))
    arrived_at = coarse(Coarse.TIME, fields.AwareDateTime(load_default=None, allow_none=True))
    left_at = coarse(Coarse.TIME, fields.AwareDateTime(load_default=None, allow_none=True))
