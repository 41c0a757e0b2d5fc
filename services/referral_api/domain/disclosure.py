"""Who may see what of a person: agencies by their offer, and after acceptance by the consent."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from contracts.problems import ConflictError
from contracts.questions import Question
from contracts.vocabulary import (
    PROTECTED_NEEDS,
    ConsentScope,
    ConsentStatus,
    OfferState,
    age_band,
)
from services.referral_api.domain.consent import check_opens
from services.referral_api.domain.facts import (
    Facts,
    answered,
    answers_in,
    codes_of,
    still_open,
)
from services.referral_api.domain.offer import HOLDING, UNENDED

# What the agency that holds the referral reads of the person, in this order.
PERSON_FIELDS: Final = (
    "name",
    "phone",
    "email",
    "where_to_find",
    "safe_contact",
    "safe_contact_note",
    "place",
    "note",
    "age",
    "language",
    "household_size",
    "accommodations",
)
_BEYOND_CONTACT_AND_NEED: Final = frozenset({"note"})


@dataclass(frozen=True, slots=True)
class Openness:
    """Where a consent stands, and what it opens to whoever may know of the person at all."""

    status: ConsentStatus
    scope: ConsentScope | None

    @property
    def given(self) -> bool:
        """Whether it opens anything."""
        return self.status is ConsentStatus.GIVEN

    @property
    def to_answers(self) -> bool:
        """Whether it opens the answers to questions, beyond contact and need."""
        return self.given and self.scope is ConsentScope.ALL_STATED


def in_offer(
    facts: Facts, state: OfferState, consent: Openness, asked: Sequence[str] = ()
) -> dict[str, Any]:
    """The facts of the person that an offer shows: an age band, never an age; no place, no wishes.

    Of the answers to questions it shows those that its program has ``asked``, and none, nor what
    is still open, where the consent is to contact and need.

    An offer that has ended shows none: the person is no longer that agency's concern. Nor does
    one to which nobody has consented, or no longer does: it tells of the need alone.
    """
    opens = state in UNENDED and consent.given
    shown = facts if opens else Facts(need=facts.need, urgency=facts.urgency)
    answers = consent.to_answers
    return {
        "age_band": age_band(shown.age),
        "language": shown.language,
        "household_size": shown.household_size,
        "accommodations": shown.accommodations,
        "also_speaks": shown.also_speaks if answers else (),
        "eligibility": codes_of(asked, shown.eligibility) if answers else [],
        "questions": questions_in(facts, state, consent, asked),
    }


def questions_in(
    facts: Facts, state: OfferState, consent: Openness, asked: Sequence[str]
) -> list[Question]:
    """What an offer shows as open, of what its program has ``asked``."""
    opens = state in UNENDED and consent.to_answers
    return still_open(asked, facts.answered) if opens else []


def after_acceptance(said: Mapping[str, Any], scope: ConsentScope) -> dict[str, Any]:
    """The person's fields that the consent opens; what was not said, or is not open, is None."""
    hidden = _BEYOND_CONTACT_AND_NEED if scope is ConsentScope.CONTACT_AND_NEED else frozenset()
    shown = {name: None if name in hidden else said.get(name) for name in PERSON_FIELDS}
    whole = scope is ConsentScope.ALL_STATED
    return shown | {
        "accommodations": shown["accommodations"] or [],
        "facts": answers_in(said) if whole else None,
    }


def fields_shown(shown: Mapping[str, Any]) -> list[str]:
    """The names of what says something, for the audit: of the answers each by its question."""
    answers = [f"facts.{question}" for question in shown["facts"] or ()]
    plain = (name for name, value in shown.items() if name != "facts" and value not in (None, []))
    return sorted([*plain, *answers])


def to_ask(facts: Facts, said: Mapping[str, Any], asked: Sequence[str]) -> list[Question]:
    """What the holder still has to ask: all there is, where no event may tell what is asked."""
    every = list(Question) if facts.need in PROTECTED_NEEDS else asked
    return still_open(every, answered(said))


def check_may_read(state: OfferState, status: ConsentStatus) -> None:
    """Raise ConflictError where an offer in this state, or the consent, opens nobody."""
    if state not in HOLDING:
        raise ConflictError(
            f"the person is open to an agency that has accepted; this offer is {state}"
        )
    check_opens(status)


def excluded(facts: Facts, refused: Collection[str]) -> tuple[str, ...]:
    """The programs that must not be asked, as events name them: those that said no or lapsed.

    The wish of a person with a protected need is merged in: beside the programs that said no
    it is obeyed without being told.
    """
    wished = facts.avoided if facts.need in PROTECTED_NEEDS else ()
    return tuple(sorted({*refused, *wished}))
