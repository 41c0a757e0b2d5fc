"""Correct a referral before acceptance: offers are taken back, and the new facts are routed."""

from collections.abc import Mapping
from typing import Any

from contracts.events.lifecycle import ReferralCorrected
from contracts.problems import InvalidError, Problem, ProblemError
from contracts.vocabulary import SECTOR_OF, Attention, Need, RescindReason, Urgency
from services.referral_api.domain.facts import coarse, unlearnt
from services.referral_api.domain.referral import Step
from services.referral_api.tables import Referral
from services.referral_api.usecases import intake, record_consent
from services.referral_api.usecases.compare import look_again
from services.referral_api.usecases.lifecycle import Command
from services.referral_api.usecases.record_handoff import retell
from services.referral_api.usecases.snapshot import keep_facts


def correct(command: Command, expected_version: int, body: Mapping[str, Any]) -> None:
    """Change facts and open the next attempt.

    Raises ProblemError (412) where the facts have changed since they were read, ConflictError
    after acceptance, InvalidError for fields that cannot stand together.
    """
    referral = command.referral
    _check_version(referral, expected_version)
    command.after(Step.CORRECT)
    changes = intake.said_in(body)
    need, urgency = body.get("need", referral.need), body.get("urgency", referral.urgency)
    before = said_now(command)
    gone_back = unlearnt(need, before, changes)
    said = before | gone_back | changes
    _check_urgency(referral, urgency)
    _check_together(command, said, need, "person.age" if "age" in changes else "need")
    keep_facts(referral, coarse(need, urgency, said))
    _seal(command, gone_back, changes)
    changed = sorted({*changes, *(body.keys() & {"need", "urgency"})})
    command.happened(ReferralCorrected, changed=tuple(changed))
    command.rescind(command.live, RescindReason.CORRECTED)
    _go_by_what_stands(command)
    command.open_attempt(Step.CORRECT)
    command.publish("referral.correct", fields=changed)


def _seal(command: Command, gone_back: Mapping[str, Any], changes: Mapping[str, Any]) -> None:
    command.referral.facts_version += 1
    sealed = {name: changes[name] for name in intake.SEALED if name in changes}
    command.desk.persons.replace(command.session, command.referral.id, {**gone_back, **sealed})


def _go_by_what_stands(command: Command) -> None:
    """What was found or told by the facts of before is found and told anew."""
    if command.referral.urgency is not Urgency.CRISIS:
        command.settle(Attention.CRISIS_LAPSED)
    look_again(command)
    retell(command)


def _check_together(command: Command, said: Mapping[str, Any], need: Need, field: str) -> None:
    """Raise InvalidError for facts that cannot stand, or ``field`` beside the consent."""
    intake.check_reachable(said)
    intake.check_wishes(said.get("preferred_programs") or [], said["avoided_programs"])
    record_consent.check_corrected(command, said.get("age"), SECTOR_OF[need], field)


def _check_version(referral: Referral, expected: int) -> None:
    if referral.facts_version != expected:
        raise ProblemError(Problem.STALE, "the referral has been corrected; read it again")


def _check_urgency(referral: Referral, urgency: Urgency) -> None:
    if intake.silences(referral.origin, urgency, training=referral.training):
        raise InvalidError("urgency", "imported notifies nobody: submit the crisis as live")


def said_now(command: Command) -> dict[str, Any]:
    """What stands in the person table, and the programs to avoid, which stand in the row."""
    said = command.desk.persons.read(command.session, command.referral.id)
    return said | {"avoided_programs": list(command.referral.avoided)}
