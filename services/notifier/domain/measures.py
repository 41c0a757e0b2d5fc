"""What is measured, in words: every count, rate and time with its definition and formula."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from contracts.vocabulary import Outcome


class Dimension(StrEnum):
    """What figures are broken down by; ``all`` is the whole."""

    ALL = "all"
    SECTOR = "sector"
    AGENCY = "agency"
    URGENCY = "urgency"
    ENTRY_DOOR = "entry_door"
    LANGUAGE = "language"
    AGE_BAND = "age_band"
    HANDOFF = "handoff"


WHOLE: Final = "all"
# LEAD's toolkit, on enrolment: help ideally arrives within half an hour of the officer's call.
IN_TIME_MINUTES: Final = 30
NO_AGENCY: Final = "none"
UNKNOWN: Final = "unknown"


class Measure(StrEnum):
    """What is counted, besides each outcome."""

    SUBMITTED = "submitted"
    OFFERED = "offered"
    ACCEPTED = "accepted"
    FIRST_CONTACT = "first_contact"
    ENGAGED = "engaged"
    CLOSED = "closed"
    REPORTED = "reported"
    GOT_HELP = "got_help"
    OPEN = "open"
    WITHDRAWN = "withdrawn"
    WAITLISTED_EVER = "waitlisted_ever"
    UNPLACED_EVER = "unplaced_ever"
    HELD_EVER = "held_ever"
    NO_CAPACITY = "no_capacity"
    HANDOFFS_IN_PERSON = "handoffs_in_person"
    HANDOFFS_TIMED = "handoffs_timed"
    HANDOFFS_IN_TIME = "handoffs_in_time"
    OFFERS_MADE = "offers_made"
    OFFERS_OVER_CAPACITY = "offers_over_capacity"
    OFFERS_OPEN = "offers_open"
    OFFERS_ACCEPTED = "offers_accepted"
    OFFERS_DECLINED = "offers_declined"
    OFFERS_DECLINED_BY_PERSON = "offers_declined_by_person"
    OFFERS_LAPSED = "offers_lapsed"
    OFFERS_RETURNED = "offers_returned"
    REVOCATIONS = "revocations"
    REVOCATIONS_OPEN = "revocations_open"
    REVOCATIONS_OVERDUE = "revocations_overdue"
    SAID_NO = "said_no"


class Interval(StrEnum):
    """What is timed, in whole minutes."""

    SUBMITTED_TO_OFFERED = "submitted_to_offered"
    OFFERED_TO_ANSWERED = "offered_to_answered"
    SUBMITTED_TO_ACCEPTED = "submitted_to_accepted"
    ACCEPTED_TO_FIRST_CONTACT = "accepted_to_first_contact"
    ACCEPTED_TO_ENGAGED = "accepted_to_engaged"
    SUBMITTED_TO_CLOSED = "submitted_to_closed"
    CALLED_TO_ARRIVED = "called_to_arrived"
    ARRIVED_TO_LEFT = "arrived_to_left"
    REVOKED_TO_ACKNOWLEDGED = "revoked_to_acknowledged"


@dataclass(frozen=True, slots=True)
class Rate:
    """A share: one sum of counts over another."""

    numerator: tuple[str, ...]
    denominator: tuple[str, ...]
    meaning: str

    @property
    def formula(self) -> str:
        """The formula in the names of the counts."""
        below = " + ".join(self.denominator)
        below = f"({below})" if len(self.denominator) > 1 else below
        return f"{' + '.join(self.numerator)} / {below}"


def of_outcome(outcome: Outcome) -> str:
    """The name of the count of referrals closed with this outcome."""
    return f"outcome_{outcome}"


COUNTS: Final[Mapping[str, str]] = {
    Measure.SUBMITTED: "referrals submitted in the month, whatever became of them since",
    Measure.OFFERED: "of them, referrals put to at least one program",
    Measure.ACCEPTED: "of them, referrals that an agency accepted at least once",
    Measure.FIRST_CONTACT: "of them, referrals whose person an agency tried to reach, "
    "whether or not it reached them",
    Measure.ENGAGED: "of them, referrals where person and program began, or finished at once",
    Measure.CLOSED: "of them, referrals closed with a recorded outcome",
    Measure.REPORTED: "of those offered, referrals closed with a recorded outcome",
    Measure.GOT_HELP: "of them, referrals closed with a service received: any outcome but "
    "information_given and not_served",
    Measure.OPEN: "of them, referrals on which somebody still has to act",
    Measure.WITHDRAWN: "of them, referrals taken back by the person, or for them",
    Measure.WAITLISTED_EVER: "of them, referrals that at some time fitted only full programs",
    Measure.UNPLACED_EVER: "of them, referrals that at some time fitted no program",
    Measure.HELD_EVER: "of them, referrals that at some time waited while a place was kept for "
    "somebody more urgent who was expected; by itself no want of capacity",
    Measure.NO_CAPACITY: "of them, referrals that no agency accepted and that were waitlisted, "
    "or declined for no_capacity",
    Measure.HANDOFFS_IN_PERSON: "of them, referrals whose person an officer brought to the help or "
    "the help to the person, with the arrival recorded",
    Measure.HANDOFFS_TIMED: "of the handoffs in person, those whose call was recorded, too",
    Measure.HANDOFFS_IN_TIME: f"of the handoffs timed, those that arrived within {IN_TIME_MINUTES} "
    "minutes of the call",
    Measure.OFFERS_MADE: "offers of these referrals to a program",
    Measure.OFFERS_OVER_CAPACITY: "of the offers made, those that a coordinator insisted on beyond "
    "the places that the program had stated",
    Measure.OFFERS_OPEN: "offers not answered, lapsed or taken back so far",
    Measure.OFFERS_ACCEPTED: "offers accepted",
    Measure.OFFERS_DECLINED: "offers declined before acceptance, on either side",
    Measure.OFFERS_DECLINED_BY_PERSON: "of the offers declined, those for the person's reasons",
    Measure.OFFERS_LAPSED: "offers not answered by their deadline",
    Measure.OFFERS_RETURNED: "accepted offers that the agency gave back for its own reasons",
    Measure.REVOCATIONS: "agencies that had held one of these referrals and were told that the "
    "person had revoked their consent",
    Measure.REVOCATIONS_OPEN: "of these revocations, those not acknowledged so far",
    Measure.REVOCATIONS_OVERDUE: "of the open revocations, those past their deadline",
    Measure.SAID_NO: "encounters in which help was offered and the person said no: anonymous "
    "tallies, never part of submitted",
    **{of_outcome(o): f"referrals closed with the outcome {o}" for o in Outcome},
}

RATES: Final[Mapping[str, Rate]] = {
    "acceptance": Rate(
        (Measure.OFFERS_ACCEPTED,),
        (Measure.OFFERS_ACCEPTED, Measure.OFFERS_DECLINED, Measure.OFFERS_LAPSED),
        "offers accepted, of those answered or lapsed; rescinded ones count nowhere",
    ),
    "lapse": Rate(
        (Measure.OFFERS_LAPSED,),
        (Measure.OFFERS_ACCEPTED, Measure.OFFERS_DECLINED, Measure.OFFERS_LAPSED),
        "offers that nobody answered in time, of those answered or lapsed",
    ),
    "got_help": Rate(
        (Measure.GOT_HELP,), (Measure.OFFERED,), "people helped, of the referrals offered"
    ),
    "loop_closure": Rate(
        (Measure.REPORTED,),
        (Measure.OFFERED,),
        "referrals whose outcome was reported, of those offered",
    ),
    "unmet_need": Rate(
        (Measure.NO_CAPACITY,),
        (Measure.SUBMITTED,),
        "referrals that found no room, of those submitted",
    ),
    "withdrawal": Rate(
        (Measure.WITHDRAWN,), (Measure.SUBMITTED,), "referrals taken back, of those submitted"
    ),
    "warm_handoff": Rate(
        (Measure.HANDOFFS_IN_PERSON,),
        (Measure.SUBMITTED,),
        "people handed over in person, of the referrals submitted",
    ),
    "arrival_in_time": Rate(
        (Measure.HANDOFFS_IN_TIME,),
        (Measure.HANDOFFS_TIMED,),
        f"arrivals within {IN_TIME_MINUTES} minutes of the call, of those with both recorded",
    ),
    "said_no": Rate(
        (Measure.SAID_NO,),
        (Measure.SAID_NO, Measure.SUBMITTED),
        "encounters that ended with no, of all in which help was offered",
    ),
}

TIMES: Final[Mapping[Interval, str]] = {
    Interval.SUBMITTED_TO_OFFERED: "per referral, from submission to its first offer",
    Interval.OFFERED_TO_ANSWERED: "per offer, until accepted or declined; a lapse is no answer",
    Interval.SUBMITTED_TO_ACCEPTED: "per referral, from submission to its first acceptance",
    Interval.ACCEPTED_TO_FIRST_CONTACT: "per accepted offer, until the first attempt to reach "
    "the person",
    Interval.ACCEPTED_TO_ENGAGED: "per accepted offer, until person and program began",
    Interval.SUBMITTED_TO_CLOSED: "per referral, from submission until it was closed",
    Interval.CALLED_TO_ARRIVED: "per handoff in person, from the officer's call to the arrival",
    Interval.ARRIVED_TO_LEFT: "per handoff in person, from the arrival until the officer left",
    Interval.REVOKED_TO_ACKNOWLEDGED: "per agency that was told of a revoked consent, until it "
    "acknowledged; those still open are counted, not timed",
}

_MONTHS: Final = (
    "A figure stands in the month (UTC) in which its referral was submitted, or occurred where it "
    "was imported from the past, a tally in the month in which it was recorded; figures of past "
    "months grow as referrals go on."
)
_AGENCIES: Final = (
    "A referral counts for the agency that accepted it last, before that for the agency that it "
    "was offered to last, else for 'none'; an offer counts for the agency that it was made to."
)
_HANDOFFS: Final = (
    "By handoff, every figure is told of those handed over in person, by telephone, cold (told "
    "where to go), and 'unknown': nothing was recorded, or no arrival so far."
)
_TIMING: Final = (
    "Times are whole minutes, rounded down; median and p90 are exact, by nearest rank. Records "
    "imported from the past are counted but not timed."
)
NOTES: Final = (
    _MONTHS,
    "Training and what was entered in error are in no figure.",
    _AGENCIES,
    _HANDOFFS,
    "What is not known, protected or erased counts as 'unknown'.",
    _TIMING,
)

# The stages on a referral's way, in order; a referral may skip one, such as a recorded contact.
FUNNEL: Final = (
    Measure.SUBMITTED,
    Measure.OFFERED,
    Measure.ACCEPTED,
    Measure.FIRST_CONTACT,
    Measure.ENGAGED,
    Measure.CLOSED,
    Measure.GOT_HELP,
)
# What keeps a referral from the next stage, counted beside the funnel.
BESIDE: Final = (
    Measure.SAID_NO,
    Measure.WITHDRAWN,
    Measure.WAITLISTED_EVER,
    Measure.UNPLACED_EVER,
    Measure.HELD_EVER,
    Measure.NO_CAPACITY,
    Measure.OPEN,
)
