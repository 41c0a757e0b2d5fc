"""Record a consent: with the submission, or obtained and renewed afterwards."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from contracts.events.consents import ConsentRecorded
from contracts.problems import ConflictError, InvalidError
from contracts.vocabulary import SECTOR_OF, Attention, ConsentGiver, ConsentStatus, Sector
from services.referral_api.domain.consent import ConsentRules, Recipients
from services.referral_api.domain.offer import HOLDING, Refused
from services.referral_api.domain.referral import OPEN
from services.referral_api.store import consents
from services.referral_api.tables import Consent, Referral
from services.referral_api.usecases.lifecycle import Command
from services.referral_api.usecases.offered import OfferCommand

_SAID: Final = ("scope", "given_by", "method", "expires_at")


def begin(session: Session, referral: Referral, said: Mapping[str, Any], now: datetime) -> None:
    """Keep the consent of a submission as version 1."""
    cannot = bool(said.get("cannot_consent_now"))
    status = ConsentStatus.CANNOT_CONSENT_NOW if cannot else ConsentStatus.GIVEN
    referral.consent_version = 0
    _keep(session, referral, status, said, now)


def follow(command: Command, status: ConsentStatus, at: datetime) -> int:
    """End the consent that stands by one that opens nothing; returns its version."""
    consents.newest(command.session, command.referral.id).until = at
    _keep(command.session, command.referral, status, {}, at)
    return command.referral.consent_version


def record(command: Command, said: Mapping[str, Any]) -> None:
    """Put a given consent in the place of the one that stands; no older record is lost.

    Raises ConflictError after the referral's end, InvalidError naming the field that cannot stand.
    """
    _record(command, said)
    command.publish("consent.record", version=command.referral.consent_version)


def record_by_holder(on: OfferCommand, said: Mapping[str, Any]) -> OfferCommand:
    """The same by the agency that holds the referral; raises ConflictError for any other."""
    if on.offer.state not in HOLDING:
        raise ConflictError(f"whoever has accepted asks the person; this is {on.offer.state}")
    if not recipients_of(said).include(on.offer.agency_id):
        raise InvalidError("agencies", f"{on.offer.agency_id} records it, and is not named")
    _record(on.command, said)
    return on.publish("consent.record", version=on.command.referral.consent_version)


def check(rules: ConsentRules, said: Mapping[str, Any], age: int | None, sector: Sector) -> None:
    """Raise InvalidError where nobody may consent so for a person of this age, in this sector."""
    giver = said.get("given_by")
    if giver is not None:
        rules.check(ConsentGiver(giver), age, sector, "consent.given_by")
    recipients_of(said).check_sector(sector)


def check_corrected(command: Command, age: int | None, sector: Sector, field: str) -> None:
    """Raise InvalidError where corrected facts no longer go with the consent that stands."""
    consent = consents.newest(command.session, command.referral.id)
    if consent.given_by is not None:
        command.desk.consent_rules.check(consent.given_by, age, sector, field)
    recipients(consent).check_sector(sector)


def recipients(consent: Consent) -> Recipients:
    """Whom a consent names."""
    return Recipients(frozenset(consent.agencies), frozenset(map(Sector, consent.sectors)))


def recipients_of_many(session: Session, ids: Collection[UUID]) -> dict[UUID, Recipients]:
    """Whom the consents that stand of several referrals name, in one query."""
    return {one.referral_id: recipients(one) for one in consents.newest_of(session, ids)}


def recipients_of(said: Mapping[str, Any]) -> Recipients:
    """Whom the body of a consent names."""
    return Recipients(frozenset(said.get("agencies") or ()), frozenset(said.get("sectors") or ()))


def _record(command: Command, said: Mapping[str, Any]) -> None:
    referral, now = command.referral, command.now
    if referral.state not in OPEN:
        raise ConflictError("a consent is recorded while the referral goes on; it is closed")
    if said.get("expires_at") is not None and said["expires_at"] <= now:
        raise InvalidError("expires_at", "must be in the future")
    person = command.desk.persons.read(command.session, referral.id)
    check(command.desk.consent_rules, said, person.get("age"), SECTOR_OF[referral.need])
    consents.newest(command.session, referral.id).until = now
    _keep(command.session, referral, ConsentStatus.GIVEN, said, now)
    version, name = referral.consent_version, said.get("representative_name")
    command.desk.persons.name_representative(command.session, referral.id, version, name)
    _ask_again(command)
    referral.compare_at = now
    command.settle(Attention.CONSENT_NEEDED)
    command.happened(ConsentRecorded, version=version, status=ConsentStatus.GIVEN)


def _ask_again(command: Command) -> None:
    """Programs that were left out because they were not named may be proposed once more."""
    unnamed = [r for r in command.refusals.values() if r.kind is Refused.NOT_NAMED]
    for refusal in unnamed:
        command.session.delete(refusal)
        del command.refusals[refusal.program_id]


def _keep(
    session: Session,
    referral: Referral,
    status: ConsentStatus,
    said: Mapping[str, Any],
    at: datetime,
) -> None:
    """Add the next version, and copy to the referral what its timer and its readers need."""
    referral.consent_version += 1
    referral.consent_status, referral.consent_ends_at = status, said.get("expires_at")
    referral.consent_scope = said.get("scope")
    named = recipients_of(said)
    row = Consent(
        referral_id=referral.id,
        version=referral.consent_version,
        status=status,
        since=at,
        agencies=sorted(named.agencies),
        sectors=sorted(named.sectors),
        **{name: said.get(name) for name in _SAID},
    )
    session.add(row)
