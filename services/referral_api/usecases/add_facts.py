"""Add facts: answers to what eligibility asks. Offers stand; whoever has none is routed anew."""

from collections.abc import Callable, Mapping
from typing import Any

from contracts.events.facts import FactAdded
from contracts.problems import ConflictError, Problem, ProblemError
from contracts.questions import Question
from contracts.vocabulary import PROTECTED_NEEDS, SECTOR_OF, Role
from services.referral_api.domain import consent, disclosure, facts
from services.referral_api.domain.offer import HOLDING, UNENDED
from services.referral_api.domain.referral import OPEN, Step
from services.referral_api.usecases import record_consent
from services.referral_api.usecases.compare import look_again
from services.referral_api.usecases.correct import said_now
from services.referral_api.usecases.lifecycle import Command
from services.referral_api.usecases.offered import OfferCommand
from services.referral_api.usecases.snapshot import facts_of, keep_facts

Answers = Mapping[Question, Any]


def add_facts(command: Command, answers: Answers, version: Callable[[], int]) -> None:
    """Keep what an officer or a coordinator learnt; ``version`` is asked for only by an edit.

    Raises ConflictError after the referral's end, for a protected need, and to an officer once a
    program holds it: that agency asks the person, and its answers are not theirs to write over.
    Raises ProblemError (428, 412) where an answer that is there is changed, InvalidError for one
    that cannot stand.
    """
    if command.referral.need in PROTECTED_NEEDS:
        raise ConflictError("of this need whoever takes the person on asks, and nobody else")
    _check_open(command)
    if command.actor.role is Role.OFFICER and command.holder is not None:
        raise ConflictError("it is with a program now: tell them")
    said = said_now(command)
    if answers.keys() & set(facts.answered(said)):
        _check_version(command, version())
    _keep(command, said, answers)
    command.publish("referral.add_facts", fields=sorted(answers))


def add_facts_of_offer(
    on: OfferCommand, answers: Answers, version: Callable[[], int]
) -> OfferCommand:
    """The same by an agency; one that has not accepted answers only what its offer asks of it."""
    command, holds = on.command, on.offer.state in HOLDING
    if on.offer.state not in UNENDED:
        raise ConflictError(f"the person is not with this agency: the offer is {on.offer.state}")
    if command.referral.need in PROTECTED_NEEDS and not holds:
        raise ConflictError("of this need whoever takes the person on asks, and nobody else")
    _check_open(command)
    said = said_now(command)
    if not holds:
        _check_asked(on, answers)
    elif answers.keys() & set(facts.answered(said)):
        _check_version(command, version())
    _keep(command, said, answers)
    return on.publish("referral.add_facts", fields=sorted(answers))


def _check_open(command: Command) -> None:
    """An officer learns that the referral is closed, and not how."""
    if command.referral.state not in OPEN:
        raise ConflictError("facts are added while the referral goes on; it is closed")
    consent.check_goes_on(command.consent)


def _check_asked(on: OfferCommand, answers: Answers) -> None:
    """Alike for what others answered and what the program does not ask: nobody tries it out."""
    referral = on.command.referral
    consent = disclosure.Openness(on.command.consent, referral.consent_scope)
    known, asked = facts_of(referral), on.offer.questions
    open_to = disclosure.questions_in(known, on.offer.state, consent, asked)
    if not answers.keys() <= set(open_to):
        raise ConflictError("before you accept, answer only what the offer shows as open")


def _check_version(command: Command, expected: int) -> None:
    """Whether or not an edit changes anything, it is answered alike: nobody tries values out."""
    if command.referral.facts_version != expected:
        raise ProblemError(Problem.STALE, "the facts have changed; read the referral again")


def _keep(command: Command, said: Mapping[str, Any], answers: Answers) -> None:
    referral, persons = command.referral, command.desk.persons
    changed = facts.with_answers(said, answers)
    sealed = facts.learnt(referral.need, said, changed)
    said = {**said, **sealed}
    if Question.AGE in answers:
        record_consent.check_corrected(command, said["age"], SECTOR_OF[referral.need], "age")
    keep_facts(referral, facts.coarse(referral.need, referral.urgency, said))
    referral.facts_version += 1
    persons.replace(command.session, referral.id, sealed)
    if Question.AGE in answers:  # two who were found alike may not be, now
        look_again(command)
    if referral.need not in PROTECTED_NEEDS:
        agency = command.actor.agency_id if command.actor.role is Role.PARTNER else None
        command.happened(FactAdded, questions=tuple(sorted(answers)), agency_id=agency)
        _ask_anew(command)


def _ask_anew(command: Command) -> None:
    """Open the next attempt in place of one whose answer may be under way, and know less.

    Not where a coordinator chose the program: that choice goes by no fact.
    """
    if command.referral.attempt_open and command.referral.hand_program is None:
        command.open_attempt(Step.ADD_FACTS)
