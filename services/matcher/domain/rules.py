"""The rules of eligibility: which there are, what each asks, and what meets or fails it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from contracts.questions import EligibilityCode, Question
from contracts.vocabulary import Accommodation
from services.matcher.domain.directory import Rule

# Counted up with every change to what a rule finds; explanations name it.
RULES_VERSION: Final = "rules-2"


class Ground(StrEnum):
    """Why a program is out of the question for a referral."""

    INACTIVE = "inactive"
    PAUSED = "paused"
    TRAINING_MARK = "training_mark"
    SAID_NO = "said_no"
    AVOIDED = "avoided"
    OTHER_SECTOR = "other_sector"
    NEED_NOT_SERVED = "need_not_served"
    TOO_YOUNG = "too_young"
    TOO_OLD = "too_old"
    FAMILIES_ONLY = "families_only"
    TOO_FAR = "too_far"
    OUTSIDE_AREA = "outside_area"
    NO_PETS = "no_pets"
    NO_WHEELCHAIR = "no_wheelchair"
    NO_SIGN_LANGUAGE = "no_sign_language"
    NO_TRANSPORT = "no_transport"
    NO_CHILDREN = "no_children"
    NO_DOCUMENTS = "no_documents"
    INCOME_TOO_HIGH = "income_too_high"
    WOMEN_ONLY = "women_only"
    MEN_ONLY = "men_only"
    NOT_SOBER = "not_sober"


class Doubt(StrEnum):
    """What no answer of the person settles: the agency itself has to say."""

    SERVICE_AREA = "service_area"
    OTHER_RULE = "other_rule"


# What a person understands, as the end of "This program is out of the question: ...".
TOLD: Final[dict[Ground, str]] = {
    Ground.INACTIVE: "it takes nobody any more",
    Ground.PAUSED: "it takes nobody for the time being",
    Ground.TRAINING_MARK: "exercises and real referrals are kept apart",
    Ground.SAID_NO: "it said no to this referral, or let its offer lapse",
    Ground.AVOIDED: "the person wants to stay away from it",
    Ground.OTHER_SECTOR: "it works in another sector",
    Ground.NEED_NOT_SERVED: "it does not serve this need",
    Ground.TOO_YOUNG: "the person is too young for it",
    Ground.TOO_OLD: "the person is too old for it",
    Ground.FAMILIES_ONLY: "it takes families only, and the person is alone",
    Ground.TOO_FAR: "it is too far away",
    Ground.OUTSIDE_AREA: "the person stays outside the area that it serves",
    Ground.NO_PETS: "it has no room for an animal",
    Ground.NO_WHEELCHAIR: "it cannot be reached in a wheelchair",
    Ground.NO_SIGN_LANGUAGE: "nobody there signs",
    Ground.NO_TRANSPORT: "it fetches nobody",
    Ground.NO_CHILDREN: "it has no room for children",
    Ground.NO_DOCUMENTS: "it asks for papers that the person does not have",
    Ground.INCOME_TOO_HIGH: "the household's income is above its limit",
    Ground.WOMEN_ONLY: "it takes women only",
    Ground.MEN_ONLY: "it takes men only",
    Ground.NOT_SOBER: "it takes nobody who is not sober",
}

NOT_OFFERED: Final = {
    Accommodation.PETS: Ground.NO_PETS,
    Accommodation.WHEELCHAIR: Ground.NO_WHEELCHAIR,
    Accommodation.SIGN_LANGUAGE: Ground.NO_SIGN_LANGUAGE,
    Accommodation.TRANSPORT: Ground.NO_TRANSPORT,
    Accommodation.CHILDREN: Ground.NO_CHILDREN,
}


@dataclass(frozen=True, slots=True)
class Asked:
    """How a rule is judged: its question, the code that meets it, and the one that fails it.

    Any other code leaves it to the agency: how much it asks stands in its own words.
    """

    question: Question
    met_by: EligibilityCode | None
    failed_by: EligibilityCode | None
    ground: Ground


# A rule that is not here (``other``) is in the agency's words alone: nobody judges it but the
# agency.
RULES: Final = {
    Rule.DOCUMENTS_REQUIRED: Asked(
        Question.DOCUMENTS,
        EligibilityCode.DOCUMENTS_READY,
        EligibilityCode.DOCUMENTS_NONE,
        Ground.NO_DOCUMENTS,
    ),
    Rule.INCOME_LIMIT: Asked(
        Question.INCOME,
        EligibilityCode.INCOME_EXTREMELY_LOW,
        EligibilityCode.INCOME_HIGHER,
        Ground.INCOME_TOO_HIGH,
    ),
    # Whoever is neither a woman nor a man is never sent away by a rule (24 CFR 5.106): ask.
    Rule.WOMEN_ONLY: Asked(
        Question.GENDER,
        EligibilityCode.GENDER_WOMAN,
        EligibilityCode.GENDER_MAN,
        Ground.WOMEN_ONLY,
    ),
    Rule.MEN_ONLY: Asked(
        Question.GENDER,
        EligibilityCode.GENDER_MAN,
        EligibilityCode.GENDER_WOMAN,
        Ground.MEN_ONLY,
    ),
    Rule.SOBRIETY_REQUIRED: Asked(
        Question.SOBRIETY,
        EligibilityCode.SOBRIETY_MONTH,
        EligibilityCode.SOBRIETY_NONE,
        Ground.NOT_SOBER,
    ),
    # Its answer is a number, which the facts hold; no code.
    Rule.FAMILIES_ONLY: Asked(Question.HOUSEHOLD, None, None, Ground.FAMILIES_ONLY),
}
