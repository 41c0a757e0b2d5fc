"""Routes of offers: the agency's list, its steps, and the person once it has accepted."""

from typing import Any, Final
from uuid import UUID

from marshmallow import fields

from contracts.bodies import on_behalf
from contracts.bodies import referral_api as bodies
from contracts.bodies.duplicates import OfferReading, OfferReadings
from contracts.vocabulary import OfferState, Reason, Role, Side
from services.chassis.api import Answer, Api, Call, Contract, Tenant
from services.chassis.pages import PageQuery
from services.referral_api.domain.offer import HOLDING
from services.referral_api.routes import answers
from services.referral_api.routes.desk import on_answer, on_offer
from services.referral_api.store import offers as store
from services.referral_api.store.offers import Offered
from services.referral_api.usecases import offered, read
from services.referral_api.usecases.accept import accept
from services.referral_api.usecases.acknowledge import acknowledge
from services.referral_api.usecases.beside_offer import beside_offers
from services.referral_api.usecases.complete import complete
from services.referral_api.usecases.contact import contact
from services.referral_api.usecases.decline import decline
from services.referral_api.usecases.engage import engage
from services.referral_api.usecases.not_served import not_served

api = Api("offers", __name__, url_prefix="/v1/offers", description=__doc__)
_READERS: Final = {Role.PARTNER: Tenant.OWN_AGENCY, Role.COORDINATOR: Tenant.ALL}
_AGENCY: Final = {Role.PARTNER: Tenant.OWN_AGENCY}
# A coordinator records what an agency said by phone; the person is open to the agency alone.
_ANSWER: Final = {Role.PARTNER: Tenant.OWN_AGENCY, Role.COORDINATOR: Tenant.ALL}
_ONE: Final = "/<uuid:offer_id>"


class OfferQuery(PageQuery):
    """Filters of the list; live offers are open or acknowledged."""

    state = fields.Enum(OfferState, by_value=True, load_default=None)
    live = fields.Boolean(load_default=None)


@api.route_for("GET", "", _READERS, Contract(answer=OfferReadings, query=OfferQuery))
def list_offers(call: Call) -> dict[str, Any]:
    """List offers by deadline: the agency's own, or all."""
    agency = call.actor.agency_id if call.tenant is Tenant.OWN_AGENCY else None
    filters = {name: call.query.pop(name) for name in ("state", "live")}
    page = store.page(call.session, agency, filters, **call.query)
    beside = beside_offers(call.session, page.items, call.now())
    items = [answers.offer_reading(one, beside) for one in page.items]
    return {"items": items, "next": page.next}


@api.route_for("GET", _ONE, _READERS, Contract(answer=OfferReading))
def read_offer(call: Call, offer_id: UUID) -> Answer:
    """Read an offer; whoever holds the referral learns of the handoff and of possible doubles.

    The holder's ETag changes with the facts, and is what an edit of them has to name.
    """
    one = Offered(*offered.find(call.session, offer_id, call.actor))
    held = one.offer.state in HOLDING
    beside = beside_offers(call.session, [one], call.now())
    shown = answers.offer_reading(one, beside)
    return Answer(shown, one.referral.facts_version if held else None)


@api.route_for(
    "POST", f"{_ONE}/acknowledge", _ANSWER, Contract(answer=bodies.OfferView, body=on_behalf.Told)
)
def acknowledge_offer(call: Call, offer_id: UUID) -> dict[str, Any]:
    """Say that the offer was seen; its deadline stands."""
    on = on_answer(call, offer_id)
    return answers.offer_of(acknowledge(on))


@api.route_for(
    "POST", f"{_ONE}/accept", _ANSWER, Contract(answer=bodies.OfferView, body=on_behalf.Told)
)
def accept_offer(call: Call, offer_id: UUID) -> dict[str, Any]:
    """Accept the offer; the person may be read from now on. One agency wins a referral."""
    on = on_answer(call, offer_id)
    return answers.offer_of(accept(on))


@api.route_for(
    "POST", f"{_ONE}/decline", _ANSWER, Contract(answer=bodies.OfferView, body=on_behalf.ToldSayNo)
)
def decline_offer(call: Call, offer_id: UUID) -> dict[str, Any]:
    """Decline the offer, before or after accepting it."""
    on = on_answer(call, offer_id)
    return answers.offer_of(decline(on, *_no(call)))


@api.route_for(
    "POST",
    f"{_ONE}/contacts",
    _ANSWER,
    Contract(answer=bodies.OfferView, body=on_behalf.ToldContact),
)
def record_contact(call: Call, offer_id: UUID) -> dict[str, Any]:
    """Record an attempt to reach the person."""
    said = call.body
    on = on_answer(call, offer_id)
    return answers.offer_of(
        contact(on, said["mode"], said.get("attempted_at"), reached=said["reached"])
    )


@api.route_for(
    "POST", f"{_ONE}/engage", _ANSWER, Contract(answer=bodies.OfferView, body=on_behalf.Told)
)
def engage_offer(call: Call, offer_id: UUID) -> dict[str, Any]:
    """Record that the person and the program have begun."""
    on = on_answer(call, offer_id)
    return answers.offer_of(engage(on))


@api.route_for(
    "POST",
    f"{_ONE}/complete",
    _ANSWER,
    Contract(answer=bodies.OfferView, body=on_behalf.ToldComplete),
)
def complete_offer(call: Call, offer_id: UUID) -> dict[str, Any]:
    """Record the outcome; the referral closes."""
    on = on_answer(call, offer_id)
    return answers.offer_of(complete(on, call.body["outcome"]))


@api.route_for(
    "POST",
    f"{_ONE}/not-served",
    _ANSWER,
    Contract(answer=bodies.OfferView, body=on_behalf.ToldSayNo),
)
def mark_not_served(call: Call, offer_id: UUID) -> dict[str, Any]:
    """Say that the person could not be served: routed again, or closed, by the reason's side."""
    on = on_answer(call, offer_id)
    return answers.offer_of(not_served(on, *_no(call)))


@api.route_for("GET", f"{_ONE}/person", _AGENCY, Contract(answer=bodies.PersonView))
def read_person(call: Call, offer_id: UUID) -> dict[str, Any]:
    """Read the person of an accepted offer; every read is audited."""
    shown = read.person(on_offer(call, offer_id))
    return shown | {"questions": answers.asked(shown["questions"])}


def _no(call: Call) -> tuple[Reason, Side, str | None]:
    return call.body["reason"], call.body["side"], call.body.get("note")
