"""Routes of consents: their history, obtaining and renewing them, revoking and acknowledging."""

from typing import Any, Final
from uuid import UUID

from contracts.bodies import consents as bodies
from contracts.bodies import on_behalf
from contracts.bodies.referral_api import OfferView, ReferralView
from contracts.vocabulary import Role, Sector
from services.chassis.api import Answer, Api, Call, Contract, Tenant
from services.referral_api.routes import answers
from services.referral_api.routes.desk import on_answer, on_offer, on_referral
from services.referral_api.store import consents as store
from services.referral_api.tables import Consent
from services.referral_api.usecases import read
from services.referral_api.usecases.acknowledge_revocation import acknowledge_revocation
from services.referral_api.usecases.erase import erase
from services.referral_api.usecases.record_consent import record, record_by_holder
from services.referral_api.usecases.revoke import revoke, revoke_by_agency

of_referrals = Api(
    "consents_of_referrals", __name__, url_prefix="/v1/referrals", description=__doc__
)
of_offers = Api("consents_of_offers", __name__, url_prefix="/v1/offers", description=__doc__)
_OWN: Final = {Role.OFFICER: Tenant.OWN_SUBMISSION, Role.COORDINATOR: Tenant.ALL}
_COORDINATOR: Final = {Role.COORDINATOR: Tenant.ALL}
_AGENCY: Final = {Role.PARTNER: Tenant.OWN_AGENCY}
_ANSWER: Final = {Role.PARTNER: Tenant.OWN_AGENCY, Role.COORDINATOR: Tenant.ALL}
_REFERRAL: Final = "/<uuid:referral_id>"
_OFFER: Final = "/<uuid:offer_id>"
_SHOWN: Final = (
    "version",
    "status",
    "scope",
    "given_by",
    "method",
    "agencies",
    "since",
    "until",
    "expires_at",
)


@of_referrals.route_for(
    "GET", f"{_REFERRAL}/consents", _COORDINATOR, Contract(answer=bodies.Consents)
)
def read_consents(call: Call, referral_id: UUID) -> dict[str, Any]:
    """Read every record of a referral's consent, and who has acknowledged its revocation."""
    referral = read.find(call.session, referral_id, call.actor)
    held = store.held_offers(call.session, referral_id)
    told = [answers.revocation(offer) for offer in held]
    return {
        "status": referral.consent_status,
        "items": [_view(consent) for consent in store.history(call.session, referral_id)],
        "revocations": [one for one in told if one is not None],
        "erased_at": referral.erased_at,
    }


@of_referrals.route_for(
    "POST",
    f"{_REFERRAL}/consent",
    _OWN,
    Contract(answer=ReferralView, body=bodies.RecordConsent),
)
def record_consent(call: Call, referral_id: UUID) -> Answer:
    """Record a consent that was obtained or renewed after the submission."""
    command = on_referral(call, referral_id)
    record(command, call.body)
    return answers.answer_of(call, command.referral)


@of_referrals.route_for(
    "POST",
    f"{_REFERRAL}/revoke-consent",
    _OWN,
    Contract(answer=ReferralView, body=bodies.RevokeConsent),
)
def revoke_consent(call: Call, referral_id: UUID) -> Answer:
    """Revoke the consent for the person: the referral ends, every holder is told."""
    command = on_referral(call, referral_id)
    revoke(command, call.body.get("note"))
    return answers.answer_of(call, command.referral)


@of_referrals.route_for(
    "POST",
    f"{_REFERRAL}/erase",
    _COORDINATOR,
    Contract(answer=ReferralView, body=bodies.EraseReferral),
)
def erase_referral(call: Call, referral_id: UUID) -> Answer:
    """Erase what is known of the person, for ever; a referral that goes on is withdrawn."""
    command = on_referral(call, referral_id)
    erase(command, call.body["reason"])
    return answers.answer_of(call, command.referral)


@of_offers.route_for(
    "POST", f"{_OFFER}/consent", _AGENCY, Contract(answer=OfferView, body=bodies.RecordConsent)
)
def record_consent_of_person(call: Call, offer_id: UUID) -> dict[str, Any]:
    """Record the consent that the agency obtained; from then on it may read the person."""
    on = on_offer(call, offer_id)
    return answers.offer_of(record_by_holder(on, call.body))


@of_offers.route_for(
    "POST",
    f"{_OFFER}/revoke-consent",
    _AGENCY,
    Contract(answer=OfferView, body=bodies.RevokeConsent),
)
def revoke_consent_at_agency(call: Call, offer_id: UUID) -> dict[str, Any]:
    """Revoke the consent for a person who told the agency so; the referral ends."""
    on = on_offer(call, offer_id)
    return answers.offer_of(revoke_by_agency(on, call.body.get("note")))


@of_offers.route_for(
    "POST",
    f"{_OFFER}/acknowledge-revocation",
    _ANSWER,
    Contract(answer=OfferView, body=on_behalf.Told),
)
def acknowledge_revoked_consent(call: Call, offer_id: UUID) -> dict[str, Any]:
    """Say that the agency no longer uses what it knows of the person."""
    on = on_answer(call, offer_id)
    return answers.offer_of(acknowledge_revocation(on))


def _view(consent: Consent) -> dict[str, Any]:
    shown = {name: getattr(consent, name) for name in _SHOWN}
    return shown | {"sectors": [Sector(word) for word in consent.sectors]}
