"""Where the routes find the desk of the app that serves them, and the locked things they act on."""

from typing import Final
from uuid import UUID

import flask
import structlog

from services.chassis.api import Call
from services.referral_api.usecases.lifecycle import Command, Desk, load_one
from services.referral_api.usecases.offered import OfferCommand, open_offer
from services.referral_api.usecases.on_behalf import answer_for

_KEY: Final = "handoff_desk"


def place_desk(app: flask.Flask, desk: Desk) -> None:
    """Give the app its desk, once, when it is wired."""
    app.extensions[_KEY] = desk


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
