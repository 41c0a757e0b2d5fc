"""Erase: nothing that tells of the person stays, here or wherever an event brought it."""

from uuid import UUID

from contracts.events.consents import Held, PersonErased
from contracts.events.lifecycle import TOPIC
from contracts.problems import ConflictError
from contracts.redaction import month_of, redacted
from contracts.vocabulary import ConsentStatus, EraseReason, Origin
from services.chassis.database import scrub_after, wake_loops
from services.chassis.redaction import redact
from services.referral_api.domain.facts import Facts
from services.referral_api.domain.referral import OPEN
from services.referral_api.store import consents, duplicates, handoffs, referrals
from services.referral_api.tables import Referral
from services.referral_api.usecases import revoke
from services.referral_api.usecases.forget_answers import forget_answers
from services.referral_api.usecases.lifecycle import Command
from services.referral_api.usecases.snapshot import keep_facts


def erase(command: Command, reason: EraseReason) -> None:
    """Delete what is known of the person; a referral that goes on ends by a revoked consent.

    The key is destroyed after the commit, by a job that cannot forget it. Raises ConflictError
    where it was done before.
    """
    session, referral = command.session, command.referral
    if referral.erased_at is not None:
        raise ConflictError("what was known of this person has been erased already")
    if referral.state in OPEN and referral.consent_status is not ConsentStatus.REVOKED:
        revoke.take_back(command)
    holders = tuple(
        Held(offer_id=offer.id, program_id=offer.program_id, agency_id=offer.agency_id)
        for offer in consents.newest_of_holders(session, referral.id)
    )
    _forget_facts(referral)
    _forget_rows(command)
    forget_answers(command, [referral.id, *_forget_asked(command)])
    remains = redact(session, TOPIC, str(referral.id), redacted)
    referral.erased_at = command.now
    referral.consent_ends_at = referral.compare_at = None
    command.happened(PersonErased, remains=remains, holders=holders)
    command.publish("person.erase", reason=reason.value)
    wake_loops(session)
    scrub_after(session)


def key_destroyed(command: Command) -> int:
    """Record that the person's key is gone; returns 0 where that was recorded before."""
    if command.referral.key_destroyed_at is not None:
        return 0
    command.referral.key_destroyed_at = command.now
    command.publish("person.key_destroyed")
    return 1


def _forget_asked(command: Command) -> list[UUID]:
    """What programs asked goes from every offer, too; returns the offers' ids."""
    offers = referrals.all_offers(command.session, [command.referral.id])
    for offer in offers:
        offer.questions = []
    return [offer.id for offer in offers]


def _forget_rows(command: Command) -> None:
    """What stands beside the referral: sealed facts, who consented, how they came, who is alike."""
    session, referral_id = command.session, command.referral.id
    command.desk.persons.forget(session, referral_id)
    consents.forget_givers(session, referral_id)
    handoffs.forget(session, referral_id)
    duplicates.forget(session, referral_id)


def _forget_facts(referral: Referral) -> None:
    """Need, urgency, states and times stay; the encounter no longer leads to other referrals."""
    keep_facts(referral, Facts(need=referral.need, urgency=referral.urgency))
    referral.questions = []
    referral.encounter_id = referral.id
    past = referral.origin is Origin.IMPORTED and referral.occurred_at is not None
    referral.occurred_at = month_of(referral.occurred_at) if past and referral.occurred_at else None
