"""The bodies of an agency's answer, which a coordinator may record on its behalf."""

from typing import Final

from marshmallow import Schema

from contracts.bodies.referral_api import Complete, Contact, SayNo
from contracts.bodies.shared import text

LONGEST_TELLER: Final = 200


class Told(Schema):
    """Who told the coordinator, and how; an agency answers for itself and leaves it out."""

    told_by = text(
        LONGEST_TELLER,
        metadata={"description": "such as: Maria at the desk, by phone; kept sealed"},
    )


class ToldContact(Contact, Told):
    """An attempt to reach the person, by the agency itself or as it told a coordinator."""


class ToldComplete(Complete, Told):
    """An outcome, by the agency itself or as it told a coordinator."""


class ToldSayNo(SayNo, Told):
    """A no, by the agency itself or as it told a coordinator."""
