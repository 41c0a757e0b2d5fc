"""Routes that anybody may call without a token: a closed list of its own, never by oversight."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import flask
from sqlalchemy.orm import Session

from contracts.problems import ProblemError
from services.chassis import idempotency
from services.chassis.api import (
    ACCESS,
    Access,
    Api,
    Contract,
    Runtime,
    documented,
    is_needed,
    response_of,
    result_of,
)
from services.chassis.clock import Clock


@dataclass(frozen=True, slots=True)
class OpenCall:
    """One request of nobody in particular: the open transaction and the parsed body."""

    session: Session
    clock: Clock
    body: dict[str, Any]

    def now(self) -> datetime:
        """The current time; ask after the row lock is held."""
        return self.clock.now()


View = Callable[[OpenCall], Any]
Check = Callable[[dict[str, Any]], None]


def open_for_anybody(
    api: Api, rule: str, contract: Contract, check: Check | None = None
) -> Callable[[View], View]:
    """Add a POST that asks for no token; it must limit by itself what callers may try.

    ``check`` raises ProblemError for a body that is not worth a transaction: anybody may send any
    number of those, and the writers of the database do not wait for them.
    A problem that the view raises undoes what it wrote; one that it returns is answered after the
    commit, so that a wrong try is counted. No answer is kept under an Idempotency-Key: it would be
    everybody's.
    """

    def register(view: View) -> View:
        serve = _in_transaction(view, contract, check)
        if contract.body is not None:
            asked = {"location": "json", "required": is_needed(contract.body)}
            serve = api.arguments(contract.body, **asked)(serve)
        serve = api.response(contract.status, contract.answer)(serve)
        serve = documented(api, serve, "POST", {}, contract)
        setattr(serve, ACCESS, Access({}))
        endpoint = f"{view.__module__.rpartition('.')[2]}_{view.__name__}"
        api.add_url_rule(rule, endpoint=endpoint, view_func=serve, methods=["POST"])
        return view

    return register


def _in_transaction(view: View, contract: Contract, check: Check | None) -> Any:
    def serve(*parsed: dict[str, Any]) -> flask.Response:
        runtime: Runtime = flask.current_app.config["HANDOFF_RUNTIME"]
        body = parsed[0] if parsed else {}
        if check is not None:
            check(body)
        with runtime.database.transaction() as session:
            said = view(OpenCall(session, runtime.clock, body))
            result = None if isinstance(said, ProblemError) else result_of(contract, said)
        return response_of(_or_raise(result, said))

    serve.__name__ = view.__name__
    serve.__doc__ = view.__doc__
    return serve


def _or_raise(result: idempotency.Result | None, said: Any) -> idempotency.Result:
    if result is None:
        raise said
    return result
