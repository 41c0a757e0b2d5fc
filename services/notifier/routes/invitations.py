"""Invitations over HTTP: an agency's administrator invites to it, an admin to any role."""

from typing import Any, Final
from uuid import UUID

from contracts.bodies.shared import Nothing
from contracts.bodies.staff import InvitationBody, JoinedView, RedeemBody, StaffStep
from contracts.problems import NotFoundError
from contracts.vocabulary import Role
from services.chassis import ended_access
from services.chassis.actor import Actor, service_actor
from services.chassis.api import Api, Call, Contract, Tenant
from services.chassis.callers import token_sent
from services.chassis.open_routes import OpenCall, open_for_anybody
from services.notifier.domain.staff import Details, Post
from services.notifier.routes.desk import act_of, desk
from services.notifier.routes.staff_views import step
from services.notifier.usecases import invite as usecase
from services.notifier.usecases.act import Act
from services.notifier.usecases.invite import Invitation
from services.notifier.usecases.keep_staff import check_keeps, kept
from services.notifier.usecases.redeem import Claim, actor_of, redeem

api = Api("invitations", __name__, description="Asking somebody to a role")

_KEEPERS: Final = {Role.PARTNER: Tenant.OWN_AGENCY, Role.ADMIN: Tenant.ALL}
_SOMEBODY: Final = service_actor("somebody")
_STEP: Final = Contract(answer=StaffStep, body=Nothing)


@api.route_for(
    "POST",
    "/v1/invitations",
    _KEEPERS,
    Contract(answer=StaffStep, status=201, body=InvitationBody),
)
def invite(call: Call) -> dict[str, Any]:
    """Invite somebody to a role; a letter brings them a code that is good for a week."""
    said = call.body
    post = Post(role=said["role"], agency_id=said["agency_id"], unit_id=said["unit_id"])
    check_keeps(call.session, call.actor, post.agency_id)
    details = Details(name=said["name"], email=said["email"])
    invitation = Invitation(post=post, details=details, administrator=said["administrator"])
    return step(usecase.invite(act_of(call), invitation))


@api.route_for("POST", "/v1/invitations/<uuid:staff_id>/send-again", _KEEPERS, _STEP)
def send_again(call: Call, staff_id: UUID) -> dict[str, Any]:
    """Send another letter, with another code; the one before is good no more."""
    row = kept(call.session, call.actor, staff_id)
    usecase.send_again(act_of(call), row)
    return step(row)


@api.route_for("POST", "/v1/invitations/<uuid:staff_id>/withdraw", _KEEPERS, _STEP)
def withdraw(call: Call, staff_id: UUID) -> dict[str, Any]:
    """Take an invitation back; its code is good no more, and the address is forgotten."""
    row = kept(call.session, call.actor, staff_id)
    usecase.withdraw(act_of(call), row)
    return step(row)


def _check_form(body: dict[str, Any]) -> None:
    """Raise NotFoundError for what is no code at all."""
    if not usecase.is_code(body["code"]):
        raise NotFoundError("invitation")


@open_for_anybody(
    api,
    "/v1/invitations/redeem",
    Contract(answer=JoinedView, status=201, body=RedeemBody),
    _check_form,
)
def redeem_code(call: OpenCall) -> dict[str, Any] | NotFoundError:
    """Take up a post with the code of a letter, which works once; the answer brings a token.

    Where an identity provider issues the tokens, send one of the same role and agency or unit: its
    subject takes up the post. Whatever is wrong with a code, the answer is the same.
    """
    caller = _signed_in(call)
    claim = Claim(**call.body, caller=caller)
    act = Act(call.session, desk().safe, _SOMEBODY, call.now())
    row = redeem(act, claim)
    if row is None:
        return NotFoundError("invitation")
    token = desk().tokens.issue(actor_of(row), act.now) if caller is None else None
    return step(row) | {"subject": row.subject, "token": token}


def _signed_in(call: OpenCall) -> Actor | None:
    """Whom the provider's token names; None where tokens are issued here."""
    tokens = desk().tokens
    if tokens.can_issue:
        return None
    presented = tokens.present(token_sent(), call.now())
    ended_access.check(call.session, presented)
    return presented.actor
