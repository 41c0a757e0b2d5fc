"""HTTP: who could help a person now, asked before a referral; neither kept nor logged."""

from collections.abc import Iterable
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final

import flask

from contracts.bodies.match_previews import AskWhoCanHelp, WhoCanHelp
from contracts.questions import ASKED_AS, Question
from contracts.vocabulary import Role
from services.chassis.api import Api, Call, Contract, Tenant
from services.matcher.domain.hours import open_until
from services.matcher.domain.preview import Preview, Shown
from services.matcher.store import capacity, policies
from services.matcher.store.capacity import Stated
from services.matcher.store.remembered import Remembered
from services.matcher.usecases.preview_match import asked_of, preview_match

RULE: Final = "/v1/match-previews"
IN_THE_FIELD: Final = {Role.OFFICER: Tenant.ALL, Role.COORDINATOR: Tenant.ALL}
_OF_PROGRAM: Final = ("name", "agency_id", "agency_name", "phone", "interpretation", "time_zone")
_OF_SHOWN: Final = ("distance_km", "free", "unclear")
_OF_PLACE: Final = ("address", "latitude", "longitude")


def match_previews_api(crisis_line: str, remembered: Remembered) -> Api:
    """The one route; whatever keeps it from an answer, it tells the crisis line."""
    api = Api("match_previews", __name__)

    @api.route_for(
        "POST",
        RULE,
        IN_THE_FIELD,
        Contract(answer=WhoCanHelp, body=AskWhoCanHelp, keeps_answer=False),
    )
    def ask_who_can_help(call: Call) -> dict[str, Any]:
        """Ask who could help a person now, or at a later time.

        Nothing is submitted, reserved, kept or logged: the same rules as of a decision look at the
        same directory and places. An answer of 5xx tells the crisis line beside the problem.
        """
        asked = asked_of(call.body, call.now())
        policy = policies.in_force(call.session)
        found = preview_match(call.session, asked, policy, remembered)
        return _view(call, found, asked.at) | {"crisis_line": crisis_line}

    @api.after_request  # type: ignore[untyped-decorator]
    def tell_crisis_line(response: flask.Response) -> flask.Response:
        """However it failed: the database was not asked yet, or is away."""
        if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            problem = response.get_json(force=True)
            response.set_data(flask.json.dumps(problem | {"crisis_line": crisis_line}))
        return response

    return api


def _view(call: Call, found: Preview, at: datetime) -> dict[str, Any]:
    first = found.opens_first
    shown = [*found.open, *found.ask, *([first.shown] if first else [])]
    stated = capacity.stated(call.session, [one.program.id for one in shown])

    def view(one: Shown) -> dict[str, Any]:
        return _program(one, stated.get(one.program.id), at)

    return {
        "at": at,
        "open": [view(one) for one in found.open],
        "ask": [view(one) for one in found.ask],
        "full": found.full,
        "opens_first": view(first.shown) | {"opens_at": first.at} if first else None,
        "questions": _asked(found.questions),
    }


def _program(one: Shown, stated: Stated | None, at: datetime) -> dict[str, Any]:
    program = one.program
    return {
        **{name: getattr(program, name) for name in _OF_PROGRAM},
        **{name: getattr(one, name) for name in _OF_SHOWN},
        **{name: getattr(one.place, name, None) for name in _OF_PLACE},
        "program_id": program.id,
        "languages": program.languages,
        "questions": _asked(one.questions),
        "stated_at": stated.statement.stated_at if stated else None,
        "open_until": open_until(program.hours, program.time_zone, at) if one.open_now else None,
    }


def _asked(questions: Iterable[Question]) -> list[dict[str, Any]]:
    return [{"question": question, "ask": ASKED_AS[question]} for question in questions]
