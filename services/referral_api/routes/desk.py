"""Where the routes find what the app that serves them has, and the locked things they act on."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import flask
import structlog

from services.chassis.actor import Actor
from services.chassis.api import Call, Runtime
from services.chassis.waiters import Waiters
from services.referral_api.usecases.await_offer import is_told
from services.referral_api.usecases.lifecycle import Command, Desk, load_one
from services.referral_api.usecases.offered import OfferCommand, open_offer
from services.referral_api.usecases.on_behalf import answer_for

_KEY: Final = "handoff_desk"
_WAITERS: Final = "handoff_waiters"


def place_desk(app: flask.Flask, desk: Desk) -> None:
    """Give the app its desk, once, when it is wired."""
    app.extensions[_KEY] = desk


def place_waiters(app: flask.Flask, waiters: Waiters) -> None:
    """Give the app the places of those who wait, once, when it is wired."""
    app.extensions[_WAITERS] = waiters


def wait_for_offer(actor: Actor, query: Mapping[str, Any], referral_id: UUID) -> None:
    """Where the query says so, wait until an offer is made; raises NotFoundError."""
    if query["wait"] is None:
        return
    waiters: Waiters = flask.current_app.extensions[_WAITERS]
    runtime: Runtime = flask.current_app.config["HANDOFF_RUNTIME"]

    def found() -> bool:
        with runtime.database.transaction() as session:
            return is_told(session, referral_id, actor, desk().deadlines, runtime.clock.now())

    waiters.wait(found, query["wait"])


def desk() -> Desk:
    """The desk of the app that serves this request."""
    found: Desk = flask.current_app.extensions[_KEY]
    return found


def on_referral(call: Call, referral_id: UUID) -> Command:
    """The referral locked; raises NotFoundError."""
    return load_one(call.session, desk(), referral_id, call.now, call.actor)


def on_offer(call: Call, offer_id: UUID) -> OfferCommand:
    """The offer with its referral locked, and on every log line; raises NotFoundError."""
    on = open_offer(call.session, desk(), offer_id, call.now, call.actor)
    # The address names the offer only; what is bound here ends with the request.
    structlog.contextvars.bind_contextvars(referral_id=str(on.command.referral.id))
    return on


def on_answer(call: Call, offer_id: UUID) -> OfferCommand:
    """The offer for its agency's answer, or a coordinator's on behalf; raises InvalidError, too."""
    return answer_for(on_offer(call, offer_id), call.body.get("told_by"))
