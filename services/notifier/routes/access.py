"""Ending access over HTTP: an admin has the tokens of a subject refused, or one token."""

from typing import Any

from contracts.bodies.staff import EndAccessBody, EndedView
from contracts.problems import ConflictError
from contracts.vocabulary import Role
from services.chassis import ended_access
from services.chassis.actor import Actor
from services.chassis.api import Api, Call, Contract, Tenant
from services.chassis.ended_access import Ended
from services.notifier.usecases.end_access import end_access

api = Api("access", __name__, description="Whose tokens are refused")


@api.route_for(
    "POST",
    "/v1/access/end",
    {Role.ADMIN: Tenant.ALL},
    Contract(answer=EndedView, body=EndAccessBody),
)
def end(call: Call) -> dict[str, Any]:
    """Refuse tokens issued until now, here at once, and elsewhere in a moment.

    A subject's later ones pass unless it is for ever; one token is refused for ever anyway.
    """
    said = call.body
    for_ever = said["for_ever"] or said["token_id"] is not None
    ended = Ended(access_id=_named(said), ended_at=call.now(), for_ever=for_ever)
    _check_not_own(call.actor, ended)
    end_access(call.session, ended, call.actor)
    return {"ended_at": ended.ended_at, "for_ever": for_ever}


def _check_not_own(actor: Actor, ended: Ended) -> None:
    """Raise ConflictError where a caller would lock themselves out; their name elsewhere is not."""
    own = {ended_access.everywhere(actor.subject)}
    if ended.for_ever:
        own.add(ended_access.of_actor(actor))
    if ended.access_id in own:
        raise ConflictError("nobody ends their own access: call with the token of another admin")


def _named(said: dict[str, Any]) -> str:
    if said["token_id"] is not None:
        return ended_access.of_token(said["token_id"])
    if said["agency_id"] is None and said["unit_id"] is None:
        return ended_access.everywhere(said["subject"])
    return ended_access.of_subject(said["subject"], said["agency_id"], said["unit_id"])
