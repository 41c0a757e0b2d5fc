"""Submit a referral: the officer's record of one need, kept before it is acknowledged."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from contracts.events.lifecycle import ReferralSubmitted
from contracts.problems import InvalidError
from contracts.vocabulary import PROTECTED_NEEDS, SECTOR_OF, ReferralState
from services.chassis.actor import Actor
from services.chassis.ids import reference, uuid7
from services.referral_api.domain.facts import coarse
from services.referral_api.store import directory, referrals
from services.referral_api.tables import Referral, Unit
from services.referral_api.usecases import intake, record_consent
from services.referral_api.usecases.lifecycle import Command, Desk
from services.referral_api.usecases.snapshot import keep_facts


def submit(
    session: Session, desk: Desk, actor: Actor, now: datetime, body: Mapping[str, Any]
) -> Referral:
    """Write referral, person, consent, history and audit, and open attempt 1.

    Raises InvalidError naming the field that cannot stand.
    """
    said = intake.said_in(body)
    _check(desk, body, said, now)
    unit = _unit(session, actor)
    intake.check_origin(body, now, training=unit.training)
    referral = _referral(session, unit, body, now)
    referral.submitted_by = actor.subject
    keep_facts(referral, coarse(body["need"], body["urgency"], said))
    referral.compare_at = now
    referral.review_at = desk.deadlines.review_at(referral.state, referral.urgency, now)
    session.add(referral)
    session.flush()
    record_consent.begin(session, referral, body["consent"], now)
    said["representative_name"] = body["consent"].get("representative_name")
    sealed = {name: said.get(name) for name in intake.SEALED}
    desk.persons.create(session, referral.id, sealed, now)
    command = Command(session, desk, actor, now, referral, [], {})
    command.happened(ReferralSubmitted, encounter_id=_told_encounter(referral))
    command.publish(
        "referral.submit", fields=sorted(n for n, v in sealed.items() if v not in (None, []))
    )
    return referral


def _check(desk: Desk, body: Mapping[str, Any], said: Mapping[str, Any], now: datetime) -> None:
    intake.check_reachable(said)
    intake.check_wishes(said.get("preferred_programs", []), said.get("avoided_programs", []))
    intake.check_times(body, now)
    sector = SECTOR_OF[body["need"]]
    record_consent.check(desk.consent_rules, body["consent"], said.get("age"), sector)


def _told_encounter(referral: Referral) -> UUID | None:
    """None for a protected need: its events must not lead to the encounter's other referrals."""
    return None if referral.need in PROTECTED_NEEDS else referral.encounter_id


def _unit(session: Session, actor: Actor) -> Unit:
    if actor.unit_id is None:
        raise InvalidError("unit", "the token must name the unit that submits")
    unit = directory.unit(session, actor.unit_id)
    if unit is None:
        raise InvalidError("unit", f"{actor.unit_id} is not known; an admin adds units")
    return unit


def _referral(session: Session, unit: Unit, body: Mapping[str, Any], now: datetime) -> Referral:
    return Referral(
        id=uuid7(now),
        reference=_free_reference(session),
        encounter_id=body["encounter_id"],
        unit_id=unit.id,
        submitted_at=now,
        occurred_at=body.get("occurred_at"),
        origin=body["origin"],
        training=unit.training,
        state=ReferralState.ROUTING,
        attempt=1,
        attempt_open=True,
        attempt_opened_at=now,
        facts_version=1,
    )


def _free_reference(session: Session) -> str:
    """A reference that no referral has: 40 bits collide about once in a million referrals."""
    found = reference()
    while referrals.reference_taken(session, found):
        found = reference()
    return found
