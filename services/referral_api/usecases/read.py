"""Reading referrals: whose they are, what stands beside them, their history and their audit."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from contracts.codec import Stored
from contracts.events.lifecycle import TOPIC
from contracts.problems import ConflictError, NotFoundError
from contracts.vocabulary import Attention, ConsentScope, Origin, Purpose
from services.chassis import audit, outbox
from services.chassis.actor import Actor
from services.referral_api.domain import disclosure
from services.referral_api.domain.deadlines import Deadlines
from services.referral_api.store import consents, sight, worklist
from services.referral_api.store import referrals as store
from services.referral_api.tables import AttentionRow, Consent, Offer, Referral
from services.referral_api.usecases.lifecycle import Command, check_is_theirs, subject_of
from services.referral_api.usecases.offered import OfferCommand
from services.referral_api.usecases.record_consent import recipients
from services.referral_api.usecases.snapshot import facts_of


@dataclass(frozen=True, slots=True)
class Seen:
    """A referral with all its offers, the programs not to ask, and why it needs a coordinator."""

    referral: Referral
    offers: Sequence[Offer]
    excluded: Sequence[str]
    attentions: Sequence[AttentionRow]

    def needs_attention(self, deadlines: Deadlines, now: datetime) -> bool:
        """What an officer learns of a crisis that nobody answered: only that, and not for long."""
        referral = self.referral
        lapsed = any(row.why is Attention.CRISIS_LAPSED for row in self.attentions)
        begun = referral.occurred_at or referral.submitted_at
        return lapsed and referral.origin is Origin.LIVE and deadlines.encounter_is_open(begun, now)


def find(session: Session, referral_id: UUID, actor: Actor) -> Referral:
    """A referral that this actor may read; raises NotFoundError."""
    referral = store.get(session, referral_id)
    if referral is None:
        raise NotFoundError("referral")
    check_is_theirs(referral, actor)
    return referral


def beside(session: Session, referrals: Sequence[Referral]) -> list[Seen]:
    """The referrals with what stands beside them, in three queries however many they are."""
    ids = [referral.id for referral in referrals]
    offers: dict[UUID, list[Offer]] = defaultdict(list)
    for offer in store.all_offers(session, ids):
        offers[offer.referral_id].append(offer)
    excluded: dict[UUID, list[str]] = defaultdict(list)
    for refusal in store.refusals(session, ids):
        excluded[refusal.referral_id].append(refusal.program_id)
    attended: dict[UUID, list[AttentionRow]] = defaultdict(list)
    for row in worklist.attentions(session, ids):
        attended[row.referral_id].append(row)
    return [Seen(r, offers[r.id], excluded[r.id], attended[r.id]) for r in referrals]


def history(session: Session, referral_id: UUID, actor: Actor) -> list[Stored]:
    """Every event of a referral, oldest first; raises NotFoundError."""
    find(session, referral_id, actor)
    return outbox.stream(session, TOPIC, str(referral_id))


def audit_of(
    session: Session, referral_id: UUID, actor: Actor
) -> tuple[list[dict[str, Any]], bool]:
    """The audit of a referral, and whether its chain and the history's hold.

    Under the referral's lock: an entry that is added while the chain is read would seem a fault.
    """
    store.lock(session, [referral_id])
    find(session, referral_id, actor)
    subject = subject_of(referral_id)
    faults = audit.verify_subject(session, subject)
    faults += outbox.verify(session, TOPIC, str(referral_id))
    return audit.entries(session, subject), not faults


def notes(command: Command) -> list[dict[str, Any]]:
    """The free texts of declines, placements and closures; they may tell of the person: audited."""
    found = command.desk.persons.notes(command.session, command.referral.id)
    command.publish(
        "notes.read",
        count=len(found),
        fields=["note"] if found else [],
        consent=command.referral.consent_version,
        purpose=Purpose.COORDINATE,
    )
    return [{"about": about, "text": text} for about, text in found]


def _open_consent(on: OfferCommand) -> Consent:
    """The consent that opens the person to the offer's agency; raises ConflictError."""
    command = on.command
    disclosure.check_may_read(on.offer.state, command.consent)
    consent = consents.newest(command.session, command.referral.id)
    if not recipients(consent).include(on.offer.agency_id):
        raise ConflictError("the person's consent names other agencies: ask them once more")
    return consent


def person(on: OfferCommand) -> dict[str, Any]:
    """What the consent opens of the person to the agency that accepted; every read is audited.

    Raises ConflictError where the offer is not accepted, or no consent opens the person to it.
    """
    command = on.command
    consent = _open_consent(on)
    # The database, too, shows a person to nobody but the agency that holds the referral.
    sight.narrow(command.session, on.offer.agency_id)
    persons, referral_id = command.desk.persons, command.referral.id
    said = persons.read(command.session, referral_id)
    name = persons.representative(command.session, referral_id, consent.version)
    shown = disclosure.after_acceptance(said, consent.scope or ConsentScope.CONTACT_AND_NEED)
    read = disclosure.fields_shown(shown)
    on.publish("person.read", fields=read, consent=consent.version, purpose=Purpose.SERVE)
    facts = facts_of(command.referral)
    return shown | {
        "questions": disclosure.to_ask(facts, said, on.offer.questions),
        "consent": {
            "scope": consent.scope,
            "given_by": consent.given_by,
            "method": consent.method,
            "representative_name": name,
            "expires_at": consent.expires_at,
        },
    }
