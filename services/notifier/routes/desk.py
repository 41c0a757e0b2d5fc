"""Where the routes find what the app that serves them was wired with to look after staff."""

from dataclasses import dataclass
from typing import Final

import flask

from services.chassis.api import Call
from services.chassis.tokens import Tokens
from services.notifier.store.staff import Safe
from services.notifier.usecases.act import Act

_KEY: Final = "handoff_staff_desk"


@dataclass(frozen=True, slots=True)
class StaffDesk:
    """What opens the details of staff, and what issues or verifies their tokens."""

    safe: Safe
    tokens: Tokens


def place_desk(app: flask.Flask, desk: StaffDesk) -> None:
    """Give the app its desk, once, when it is wired."""
    app.extensions[_KEY] = desk


def desk() -> StaffDesk:
    """The desk of the app that serves this request."""
    found: StaffDesk = flask.current_app.extensions[_KEY]
    return found


def act_of(call: Call) -> Act:
    """The caller's act on staff; ask after the row lock is held."""
    return Act(call.session, desk().safe, call.actor, call.now())
