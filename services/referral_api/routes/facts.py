"""Routes of facts: answers to the questions that eligibility leaves open."""

from typing import Any, Final
from uuid import UUID

from contracts.bodies.facts import AddFacts
from contracts.bodies.referral_api import OfferView, ReferralView
from contracts.questions import Question
from contracts.vocabulary import Role
from services.chassis.api import Answer, Api, Call, Contract, IfMatch, Tenant
from services.referral_api.routes import answers
from services.referral_api.routes.desk import on_offer, on_referral
from services.referral_api.usecases.add_facts import add_facts, add_facts_of_offer

of_referrals = Api("facts_of_referrals", __name__, url_prefix="/v1/referrals", description=__doc__)
of_offers = Api("facts_of_offers", __name__, url_prefix="/v1/offers", description=__doc__)
_OWN: Final = {Role.OFFICER: Tenant.OWN_SUBMISSION, Role.COORDINATOR: Tenant.ALL}
_AGENCY: Final = {Role.PARTNER: Tenant.OWN_AGENCY}


@of_referrals.route_for(
    "POST",
    "/<uuid:referral_id>/facts",
    _OWN,
    Contract(answer=ReferralView, body=AddFacts, if_match=IfMatch.ONCE_THERE),
)
def add_facts_to_referral(call: Call, referral_id: UUID) -> Answer:
    """Answer questions; offers stand, and a referral that waits is judged again.

    To change an answer that is there, send the ETag of your last read as If-Match.
    """
    command = on_referral(call, referral_id)
    add_facts(command, _said(call), call.expected_version)
    return answers.answer_of(call, command.referral)


@of_offers.route_for(
    "POST",
    "/<uuid:offer_id>/facts",
    _AGENCY,
    Contract(answer=OfferView, body=AddFacts, if_match=IfMatch.ONCE_THERE),
)
def add_facts_through_offer(call: Call, offer_id: UUID) -> Answer:
    """Answer questions for a person on offer, or accepted; the holder may change answers, too.

    To change one, send the ETag of your last read of the offer as If-Match.
    """
    on = add_facts_of_offer(on_offer(call, offer_id), _said(call), call.expected_version)
    return Answer(answers.offer_of(on), on.command.referral.facts_version)


def _said(call: Call) -> dict[Question, Any]:
    return {Question(name): answer for name, answer in call.body.items()}
