"""The closed word lists: every word that code, SQL, JSON and pages share."""

from enum import StrEnum
from typing import Final


class Sector(StrEnum):
    """The field of help that a need belongs to; each has a routing topic of its own."""

    HOUSING = "housing"
    MENTAL_HEALTH = "mental_health"
    YOUTH = "youth"


class Need(StrEnum):
    """What a person needs, one per referral."""

    EMERGENCY_SHELTER = "emergency_shelter"
    TRANSITIONAL_HOUSING = "transitional_housing"
    RENTAL_ASSISTANCE = "rental_assistance"
    DOMESTIC_VIOLENCE_SHELTER = "domestic_violence_shelter"
    CRISIS_STABILISATION = "crisis_stabilisation"
    COUNSELLING = "counselling"
    PSYCHIATRIC_CARE = "psychiatric_care"
    SUBSTANCE_USE_TREATMENT = "substance_use_treatment"
    YOUTH_SHELTER = "youth_shelter"
    YOUTH_MENTORING = "youth_mentoring"
    FAMILY_MEDIATION = "family_mediation"


SECTOR_OF: Final[dict[Need, Sector]] = {
    Need.EMERGENCY_SHELTER: Sector.HOUSING,
    Need.TRANSITIONAL_HOUSING: Sector.HOUSING,
    Need.RENTAL_ASSISTANCE: Sector.HOUSING,
    Need.DOMESTIC_VIOLENCE_SHELTER: Sector.HOUSING,
    Need.CRISIS_STABILISATION: Sector.MENTAL_HEALTH,
    Need.COUNSELLING: Sector.MENTAL_HEALTH,
    Need.PSYCHIATRIC_CARE: Sector.MENTAL_HEALTH,
    Need.SUBSTANCE_USE_TREATMENT: Sector.MENTAL_HEALTH,
    Need.YOUTH_SHELTER: Sector.YOUTH,
    Need.YOUTH_MENTORING: Sector.YOUTH,
    Need.FAMILY_MEDIATION: Sector.YOUTH,
}

# Nothing about a person in these referrals leaves the person table: no place, no facts.
PROTECTED_NEEDS: Final = frozenset({Need.DOMESTIC_VIOLENCE_SHELTER})


class Urgency(StrEnum):
    """How soon an answer is owed; the minutes stand in referral_api's deadlines."""

    CRISIS = "crisis"
    URGENT = "urgent"
    ROUTINE = "routine"


class EntryDoor(StrEnum):
    """How the encounter came about (LEAD: arrest diversion, social contact, community)."""

    ARREST_DIVERSION = "arrest_diversion"
    SOCIAL_CONTACT = "social_contact"
    COMMUNITY = "community"


class ReferralState(StrEnum):
    """Where a referral stands."""

    ROUTING = "routing"
    OFFERED = "offered"
    WAITLISTED = "waitlisted"
    UNPLACED = "unplaced"
    ACCEPTED = "accepted"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"
    ENTERED_IN_ERROR = "entered_in_error"


class OfferState(StrEnum):
    """Where an offer to one program stands."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    ACCEPTED = "accepted"
    ENGAGED = "engaged"
    COMPLETED = "completed"
    DECLINED = "declined"
    LAPSED = "lapsed"
    NOT_SERVED = "not_served"
    RESCINDED = "rescinded"


class CoarseStatus(StrEnum):
    """All that an officer learns of a referral; nothing here says that anyone said no."""

    RECEIVED = "received"
    WITH_A_PROGRAM = "with_a_program"
    CLOSED = "closed"


class Owner(StrEnum):
    """Who has to act next on an open referral."""

    MATCHER = "matcher"
    AGENCY = "agency"
    COORDINATOR = "coordinator"


class Attention(StrEnum):
    """Why a referral stands in the coordinators' worklist; several may hold at once."""

    UNPLACED = "unplaced"
    WAITLISTED = "waitlisted"
    CRISIS_LAPSED = "crisis_lapsed"
    STALLED = "stalled"
    RETURNED = "returned"
    AGENCY_CLOSED = "agency_closed"
    CONSENT_NEEDED = "consent_needed"
    HOLDER_SILENT = "holder_silent"
    DUPLICATE = "duplicate"


class WorklistStep(StrEnum):
    """What a coordinator may do with a referral; each has a route of its own."""

    CORRECT = "correct"
    PLACE = "place"
    REROUTE = "reroute"
    CLOSE = "close"
    WITHDRAW = "withdraw"
    ENTER_IN_ERROR = "enter_in_error"
    SETTLE_DUPLICATE = "settle_duplicate"


class AnswerStep(StrEnum):
    """What an agency answers to an offer, and a coordinator may record on its behalf."""

    ACKNOWLEDGE = "acknowledge"
    ACCEPT = "accept"
    DECLINE = "decline"
    CONTACT = "contact"
    ENGAGE = "engage"
    COMPLETE = "complete"
    NOT_SERVED = "not_served"


class Side(StrEnum):
    """On whose side a reason lies: it decides whether a referral is routed again or ends."""

    PROVIDER = "provider"
    PERSON = "person"


class Reason(StrEnum):
    """Why an offer or a referral ended (HUD, findhelp and CAS lists; reference: docs)."""

    NO_CAPACITY = "no_capacity"
    NOT_ELIGIBLE = "not_eligible"
    NO_FUNDING = "no_funding"
    OUT_OF_AREA = "out_of_area"
    MISSING_DOCUMENTS = "missing_documents"
    NEEDS_HIGHER_CARE = "needs_higher_care"
    BARRED = "barred"
    NO_RESPONSE = "no_response"
    UNABLE_TO_CONTACT = "unable_to_contact"
    DECLINED = "declined"
    DISENGAGED = "disengaged"
    SELF_RESOLVED = "self_resolved"
    ALREADY_SERVED = "already_served"
    INSTITUTIONALISED = "institutionalised"
    DECEASED = "deceased"
    UNSAFE = "unsafe"
    CONSENT_REVOKED = "consent_revoked"


# Boston CAS counts "unable to contact" as the provider's, Missouri as the person's: either may say.
SIDES_OF: Final[dict[Reason, frozenset[Side]]] = {
    Reason.NO_CAPACITY: frozenset({Side.PROVIDER}),
    Reason.NOT_ELIGIBLE: frozenset({Side.PROVIDER}),
    Reason.NO_FUNDING: frozenset({Side.PROVIDER}),
    Reason.OUT_OF_AREA: frozenset({Side.PROVIDER}),
    Reason.MISSING_DOCUMENTS: frozenset({Side.PROVIDER}),
    Reason.NEEDS_HIGHER_CARE: frozenset({Side.PROVIDER}),
    Reason.BARRED: frozenset({Side.PROVIDER}),
    Reason.NO_RESPONSE: frozenset({Side.PROVIDER}),
    Reason.UNABLE_TO_CONTACT: frozenset({Side.PROVIDER, Side.PERSON}),
    Reason.DECLINED: frozenset({Side.PERSON}),
    Reason.DISENGAGED: frozenset({Side.PERSON}),
    Reason.SELF_RESOLVED: frozenset({Side.PERSON}),
    Reason.ALREADY_SERVED: frozenset({Side.PERSON}),
    Reason.INSTITUTIONALISED: frozenset({Side.PERSON}),
    Reason.DECEASED: frozenset({Side.PERSON}),
    Reason.UNSAFE: frozenset({Side.PERSON}),
    Reason.CONSENT_REVOKED: frozenset({Side.PERSON}),
}


class RescindReason(StrEnum):
    """Why an offer was taken back before it was answered or ended."""

    WITHDRAWN = "withdrawn"
    CORRECTED = "corrected"
    PLACED_ELSEWHERE = "placed_elsewhere"
    CLOSED = "closed"
    ENTERED_IN_ERROR = "entered_in_error"
    PROGRAM_PAUSED = "program_paused"
    PROGRAM_CLOSED = "program_closed"


class PauseReason(StrEnum):
    """Why a program or its whole agency takes no referrals for a while."""

    FULL = "full"
    SHORT_OF_STAFF = "short_of_staff"
    AWAY = "away"
    OTHER = "other"
    # Nobody may say it: so many offers in a row lapsed without a word from the agency.
    SILENCE = "silence"


class Outcome(StrEnum):
    """What came of a referral once an agency had accepted it."""

    SHELTERED = "sheltered"
    HOUSED = "housed"
    FINANCIAL_HELP = "financial_help"
    STABILISED = "stabilised"
    IN_TREATMENT = "in_treatment"
    SERVICE_COMPLETED = "service_completed"
    REUNITED = "reunited"
    INFORMATION_GIVEN = "information_given"
    NOT_SERVED = "not_served"


# findhelp's "got help": a service was received, not merely described.
GOT_HELP: Final = frozenset(Outcome) - {Outcome.INFORMATION_GIVEN, Outcome.NOT_SERVED}


class ConsentScope(StrEnum):
    """What the person agreed may be shared with agencies."""

    CONTACT_AND_NEED = "contact_and_need"
    ALL_STATED = "all_stated"


class ConsentGiver(StrEnum):
    """Who gave the consent."""

    SELF = "self"
    GUARDIAN = "guardian"
    REPRESENTATIVE = "representative"


class ConsentStatus(StrEnum):
    """Where a consent stands; only a given one opens the person to anybody."""

    GIVEN = "given"
    CANNOT_CONSENT_NOW = "cannot_consent_now"
    EXPIRED = "expired"
    REVOKED = "revoked"


class EraseReason(StrEnum):
    """Why what was known of a person was erased; a word, for a text would outlive the person."""

    PERSON_ASKED = "person_asked"
    GUARDIAN_ASKED = "guardian_asked"
    RETENTION_ENDED = "retention_ended"
    NOT_LAWFUL = "not_lawful"


class ConsentMethod(StrEnum):
    """How the consent was given."""

    SPOKEN = "spoken"
    WRITTEN = "written"
    ELECTRONIC = "electronic"


class SafeContact(StrEnum):
    """How the person may safely be contacted; a contact rule binds every agency."""

    ANY = "any"
    CALL_ONLY = "call_only"
    TEXT_ONLY = "text_only"
    NO_VOICEMAIL = "no_voicemail"
    IN_PERSON_ONLY = "in_person_only"
    DO_NOT_CONTACT = "do_not_contact"


class ContactMode(StrEnum):
    """How an agency tried to reach the person."""

    CALL = "call"
    TEXT = "text"
    EMAIL = "email"
    VISIT = "visit"
    IN_PERSON = "in_person"


# Which ways a person's rule leaves open; whoever comes by on their own may always be spoken to.
CONTACTS_OF: Final[dict[SafeContact, frozenset[ContactMode]]] = {
    SafeContact.ANY: frozenset(ContactMode),
    SafeContact.CALL_ONLY: frozenset({ContactMode.CALL, ContactMode.IN_PERSON}),
    SafeContact.TEXT_ONLY: frozenset({ContactMode.TEXT, ContactMode.IN_PERSON}),
    # It forbids the recording on a machine, not the call.
    SafeContact.NO_VOICEMAIL: frozenset(ContactMode),
    SafeContact.IN_PERSON_ONLY: frozenset({ContactMode.VISIT, ContactMode.IN_PERSON}),
    SafeContact.DO_NOT_CONTACT: frozenset({ContactMode.IN_PERSON}),
}


class HandoffKind(StrEnum):
    """How an officer handed the person over; with no record it is unknown, never ``cold``."""

    IN_PERSON = "in_person"
    PHONE = "phone"
    COLD = "cold"


class Accommodation(StrEnum):
    """What a place must allow or offer for this person (coarse eligibility codes)."""

    PETS = "pets"
    WHEELCHAIR = "wheelchair"
    SIGN_LANGUAGE = "sign_language"
    TRANSPORT = "transport"
    CHILDREN = "children"


class Origin(StrEnum):
    """Where a referral record comes from; imported rows of the past notify nobody."""

    LIVE = "live"
    IMPORTED = "imported"


class Purpose(StrEnum):
    """Why somebody was shown what is known of a person."""

    SERVE = "serve"
    COORDINATE = "coordinate"


class RefusedAttempt(StrEnum):
    """What an officer tried that no officer may; counted without naming anybody."""

    ROLE = "role"
    TENANT = "tenant"
    SEARCH = "search"
    UNKNOWN_ADDRESS = "unknown_address"
    METHOD = "method"


class Role(StrEnum):
    """Who calls: a token carries exactly one."""

    OFFICER = "officer"
    PARTNER = "partner"
    COORDINATOR = "coordinator"
    MANAGER = "manager"
    ADMIN = "admin"
    SERVICE = "service"


class AgeBand(StrEnum):
    """The age as agencies see it before they accept, and as figures count it."""

    UNDER_18 = "under_18"
    FROM_18_TO_24 = "18_to_24"
    FROM_25_TO_44 = "25_to_44"
    FROM_45_TO_64 = "45_to_64"
    FROM_65 = "65_and_over"
    UNKNOWN = "unknown"


_BANDS: Final = (
    (18, AgeBand.UNDER_18),
    (25, AgeBand.FROM_18_TO_24),
    (45, AgeBand.FROM_25_TO_44),
    (65, AgeBand.FROM_45_TO_64),
)


def age_band(age: int | None) -> AgeBand:
    """The band of an age in years; an age nobody knows is ``unknown``."""
    if age is None:
        return AgeBand.UNKNOWN
    return next((band for limit, band in _BANDS if age < limit), AgeBand.FROM_65)
