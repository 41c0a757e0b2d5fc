"""Routes of referrals: submit, list, read, correct, withdraw, and the coordinator's steps."""

from typing import Any, Final
from uuid import UUID

from marshmallow import Schema, fields, validate

from contracts.bodies import referral_api as bodies
from contracts.bodies.disclosures import Disclosures
from contracts.bodies.shared import REFERENCE, REFERENCE_IS, WholeNumber, slug
from contracts.problems import InvalidError
from contracts.vocabulary import ReferralState, Role
from services.chassis.api import Answer, Api, Call, Contract, IfMatch, Tenant
from services.chassis.pages import PageQuery
from services.referral_api.routes import answers
from services.referral_api.routes.desk import desk, on_referral, wait_for_offer
from services.referral_api.store import referrals as store
from services.referral_api.usecases import disclosures, read
from services.referral_api.usecases.close import close
from services.referral_api.usecases.correct import correct
from services.referral_api.usecases.enter_in_error import enter_in_error
from services.referral_api.usecases.place import insist, place
from services.referral_api.usecases.reroute import reroute
from services.referral_api.usecases.submit import submit
from services.referral_api.usecases.withdraw import withdraw

api = Api("referrals", __name__, url_prefix="/v1/referrals", description=__doc__)
_OWN: Final = {Role.OFFICER: Tenant.OWN_SUBMISSION, Role.COORDINATOR: Tenant.ALL}
_COORDINATOR: Final = {Role.COORDINATOR: Tenant.ALL}
_ONE: Final = "/<uuid:referral_id>"
LONGEST_WAIT_S: Final = 30


class ReferralQuery(PageQuery):
    """Filters of the list; they are the coordinator's, for they would tell an officer why."""

    state = fields.Enum(ReferralState, by_value=True, load_default=None)
    unit_id = slug(load_default=None)
    reference = fields.String(
        load_default=None, validate=validate.Regexp(REFERENCE, error=REFERENCE_IS)
    )


class WaitQuery(Schema):
    """For how many seconds to wait for an offer."""

    wait = WholeNumber(load_default=None, validate=validate.Range(1, LONGEST_WAIT_S))


@api.route_for(
    "POST",
    "",
    _OWN,
    Contract(answer=bodies.Receipt, status=201, body=bodies.SubmitReferral, key_needed=True),
)
def submit_referral(call: Call) -> Answer:
    """Submit a referral.

    It is kept before it is acknowledged: after a 201 nothing can lose it.
    """
    referral = submit(call.session, desk(), call.actor, call.now(), call.body)
    location = f"/v1/referrals/{referral.id}"
    return Answer(answers.receipt(referral), referral.facts_version, location)


@api.route_for("GET", "", _OWN, Contract(answer=bodies.ReferralPage, query=ReferralQuery))
def list_referrals(call: Call) -> dict[str, Any]:
    """List referrals, the oldest first: an officer's own, or all."""
    mine = call.actor if call.tenant is Tenant.OWN_SUBMISSION else None
    filters = {name: call.query.pop(name) for name in store.FILTERS}
    for name, value in filters.items():
        if mine is not None and value is not None:
            raise InvalidError(name, "is for coordinators only")
    page = store.page(call.session, mine, filters, **call.query)
    seen = read.beside(call.session, page.items)
    now = call.now()
    items = [answers.referral_for(call.actor, one, now) for one in seen]
    return {"items": items, "next": page.next}


@api.route_for(
    "GET",
    _ONE,
    _OWN,
    Contract(answer=bodies.ReferralView, query=WaitQuery, before=wait_for_offer),
)
def read_referral(call: Call, referral_id: UUID) -> Answer:
    """Read a referral: an officer learns a coarse status, and in a crisis who receives the person.

    With `wait` it is answered the moment an offer is made, and after so many seconds at the latest;
    at once where too many wait already.
    """
    return answers.reading(call, read.find(call.session, referral_id, call.actor))


@api.route_for(
    "PATCH",
    _ONE,
    _OWN,
    Contract(answer=bodies.ReferralView, body=bodies.CorrectReferral, if_match=IfMatch.ALWAYS),
)
def correct_referral(call: Call, referral_id: UUID) -> Answer:
    """Correct a referral before an agency has accepted it.

    Send the ETag of your last read as If-Match; it changes with the facts, and with nothing else.
    Live offers are taken back, and the referral is routed again with the new facts.
    """
    command = on_referral(call, referral_id)
    correct(command, call.expected_version(), call.body)
    return answers.answer_of(call, command.referral)


@api.route_for(
    "POST", f"{_ONE}/withdraw", _OWN, Contract(answer=bodies.ReferralView, body=bodies.Withdraw)
)
def withdraw_referral(call: Call, referral_id: UUID) -> Answer:
    """Withdraw a referral for the person; a revoked consent ends it in this same step."""
    command = on_referral(call, referral_id)
    withdraw(command, call.body["reason"], call.body.get("note"))
    return answers.answer_of(call, command.referral)


@api.route_for(
    "POST",
    f"{_ONE}/reroute",
    _COORDINATOR,
    Contract(answer=bodies.ReferralView, body=bodies.Reroute),
)
def reroute_referral(call: Call, referral_id: UUID) -> Answer:
    """Have the matcher look again for a waitlisted or unplaced referral."""
    command = on_referral(call, referral_id)
    reroute(command, call.body.get("note"))
    return answers.answer_of(call, command.referral)


@api.route_for(
    "POST",
    f"{_ONE}/place",
    _COORDINATOR,
    Contract(answer=bodies.ReferralView, body=bodies.PlaceByHand),
)
def place_referral(call: Call, referral_id: UUID) -> Answer:
    """Place by hand: ask for one program; a lapse there is forgiven, a no is not.

    With `insist` the offer is made at once, whatever the program's stated capacity, and marked.
    """
    command, said = on_referral(call, referral_id), call.body
    (insist if said["insist"] else place)(command, said["program_id"], said["note"])
    return answers.answer_of(call, command.referral)


@api.route_for(
    "POST", f"{_ONE}/close", _COORDINATOR, Contract(answer=bodies.ReferralView, body=bodies.Close)
)
def close_referral(call: Call, referral_id: UUID) -> Answer:
    """Close a referral with what came of it, also on behalf of the agency that accepted."""
    command = on_referral(call, referral_id)
    said = call.body
    close(command, said["outcome"], said.get("reason"), said.get("side"), said.get("note"))
    return answers.answer_of(call, command.referral)


@api.route_for(
    "POST",
    f"{_ONE}/enter-in-error",
    _COORDINATOR,
    Contract(answer=bodies.ReferralView, body=bodies.EnterInError),
)
def mark_entered_in_error(call: Call, referral_id: UUID) -> Answer:
    """Mark a referral that should never have been; it leaves every figure."""
    command = on_referral(call, referral_id)
    enter_in_error(command, call.body["note"])
    return answers.answer_of(call, command.referral)


@api.route_for("GET", f"{_ONE}/history", _COORDINATOR, Contract(answer=bodies.History))
def read_history(call: Call, referral_id: UUID) -> dict[str, Any]:
    """Read every event of a referral, as it was published."""
    events = read.history(call.session, referral_id, call.actor)
    return {"items": [{"seq": e.seq, "type": e.type, "at": e.time, "data": e.data} for e in events]}


@api.route_for("GET", f"{_ONE}/audit", _COORDINATOR, Contract(answer=bodies.Audit))
def read_audit(call: Call, referral_id: UUID) -> dict[str, Any]:
    """Read who changed a referral or read its person, and whether the chains hold."""
    entries, verified = read.audit_of(call.session, referral_id, call.actor)
    return {"items": entries, "verified": verified}


@api.route_for("GET", f"{_ONE}/disclosures", _COORDINATOR, Contract(answer=Disclosures))
def read_disclosures(call: Call, referral_id: UUID) -> disclosures.Disclosures:
    """Read who was shown what of the person: when, under which consent, and why."""
    return disclosures.disclosures(call.session, referral_id, call.actor)


@api.route_for("GET", f"{_ONE}/notes", _COORDINATOR, Contract(answer=bodies.Notes))
def read_notes(call: Call, referral_id: UUID) -> dict[str, Any]:
    """Read the free texts that came with declines, placements and closures; audited."""
    return {"items": read.notes(on_referral(call, referral_id))}
