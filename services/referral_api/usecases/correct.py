"""Correct a referral before acceptance: offers are taken back, and the new facts are routed."""

from collections.abc import Mapping
from typing import Any

from contracts.events.lifecycle import ReferralCorrected
from contracts.problems import Problem, ProblemError
from contracts.vocabulary import RescindReason
from services.referral_api.domain.facts import coarse
from services.referral_api.domain.referral import Step, advance
from services.referral_api.usecases import intake
from services.referral_api.usecases.lifecycle import Command
from services.referral_api.usecases.snapshot import keep_facts


def correct(command: Command, expected_version: int, body: Mapping[str, Any]) -> None:
    """Change facts and open the next attempt.

    Raises ProblemError (412) where the referral has changed since it was read, ConflictError
    after acceptance, InvalidError for fields that cannot stand together.
    """
    referral = command.referral
    if referral.version != expected_version:
        raise ProblemError(Problem.STALE, "the referral has changed; read it again")
    advance(referral.state, Step.CORRECT)
    changes = intake.said_in(body)
    said = _said_now(command) | changes
    intake.check_reachable(said)
    intake.check_wishes(said.get("preferred_programs") or [], said["avoided_programs"])
    need, urgency = body.get("need", referral.need), body.get("urgency", referral.urgency)
    keep_facts(referral, coarse(need, urgency, said))
    sealed = {name: changes[name] for name in intake.SEALED if name in changes}
    command.desk.persons.replace(command.session, referral.id, sealed)
    changed = sorted({*changes, *(body.keys() & {"need", "urgency"})})
    command.happened(ReferralCorrected, changed=tuple(changed))
    command.rescind(command.live, RescindReason.CORRECTED)
    command.open_attempt(Step.CORRECT)
    command.publish("referral.correct", fields=changed)


def _said_now(command: Command) -> dict[str, Any]:
    """What stands in the person table, and the programs to avoid, which stand in the row."""
    said = command.desk.persons.read(command.session, command.referral.id)
    return said | {"avoided_programs": list(command.referral.avoided)}
