"""The bodies of duplicates: what a coordinator is shown and says, and what a holder is shown."""

from typing import Final

from marshmallow import Schema, fields, validate

from contracts import vocabulary as words
from contracts.bodies.handoffs import Handoff
from contracts.bodies.referral_api import OfferView
from contracts.bodies.shared import LONGEST_NOTE, text, word
from contracts.likeness import DuplicateState, Likeness

_VERDICTS: Final = (DuplicateState.SAME, DuplicateState.DIFFERENT)


class Duplicate(Schema):
    """Another referral that seems to be of the same person, and by what; ``state`` = what was said.

    ``newer``: it was submitted after the one that was asked for.
    """

    referral_id = fields.UUID(required=True)
    reference = fields.String(required=True)
    need = word(words.Need, required=True)
    urgency = word(words.Urgency, required=True)
    sector = word(words.Sector, required=True)
    unit_id = fields.String(required=True)
    submitted_at = fields.AwareDateTime(required=True)
    referral_state = word(words.ReferralState, required=True)
    newer = fields.Boolean(required=True)
    why = fields.List(word(Likeness), required=True)
    state = word(DuplicateState, required=True)
    found_at = fields.AwareDateTime(required=True)
    settled_at = fields.AwareDateTime(required=True, allow_none=True)
    settled_by = fields.String(required=True, allow_none=True)


class Duplicates(Schema):
    """The referrals that seem to be of the same person, the newest first; none told apart."""

    items = fields.List(fields.Nested(Duplicate), required=True)


class SettleDuplicate(Schema):
    """Whether both are of one person, and how that is known; of the same person one ends.

    ``ends`` names the one, the newer where it is left out.
    """

    state = word(DuplicateState, required=True, validate=validate.OneOf(_VERDICTS))
    note = text(LONGEST_NOTE, required=True)
    ends = fields.UUID()


class PossibleDouble(Schema):
    """A live referral of what may be the same person; who else has it is not said."""

    referral_id = fields.UUID(required=True)
    reference = fields.String(required=True)
    need = word(words.Need, required=True)
    sector = word(words.Sector, required=True)


class OfferReading(OfferView):
    """An offer with what its agency is told while it holds the referral: empty in any other."""

    handoff = fields.Nested(Handoff, required=True, allow_none=True)
    duplicates = fields.List(fields.Nested(PossibleDouble), required=True)


class OfferReadings(Schema):
    """A page of offers, the nearest deadline first."""

    items = fields.List(fields.Nested(OfferReading), required=True)
    next = fields.String(required=True, allow_none=True)
