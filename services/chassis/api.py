"""Declaring routes: every one states its roles, its tenant rule and its bodies, or cannot be."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cache, partial
from typing import Any, Final, TypeVar

import flask
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema, missing
from sqlalchemy.orm import Session
from webargs.flaskparser import FlaskParser

from contracts.problems import Problem, ProblemError
from contracts.vocabulary import Role
from services.chassis import idempotency
from services.chassis.actor import Actor
from services.chassis.clock import Clock
from services.chassis.database import Database
from services.chassis.failpoints import Point, reached
from services.chassis.json_body import body_of
from services.chassis.limits import Limits
from services.chassis.postgres import EVERY_AGENCY, NO_AGENCY

ACCESS: Final = "handoff_access"
LONGEST_TAG: Final = 18
# The answer beyond a limit, as the API reference names it.
TOO_MANY: Final = "TOO_MANY_REQUESTS"


class Tenant(StrEnum):
    """Whose things a caller may reach through a route."""

    OWN_AGENCY = "own_agency"
    OWN_SUBMISSION = "own_submission"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Access:
    """Who may call a route, and for each role whose things it reaches; no roles = anybody.

    ``counted`` False: who looks after the service is never refused for asking often.
    """

    roles: Mapping[Role, Tenant]
    counted: bool = True


@dataclass(frozen=True, slots=True)
class Runtime:
    """What a route needs at run time, placed in the app's config."""

    database: Database
    clock: Clock
    mac_key: bytes
    limits: Limits = Limits()  # noqa: RUF009 - it is frozen


@dataclass(frozen=True, slots=True)
class Answer:
    """A body with headers: ``version`` becomes the ETag, ``location`` the Location."""

    body: Any
    version: int | None = None
    location: str | None = None

    def headers(self) -> dict[str, str]:
        """The headers to send."""
        found = {"ETag": f'"{self.version}"'} if self.version is not None else {}
        return found | ({"Location": self.location} if self.location else {})


@dataclass(slots=True)
class Call:
    """One request: the caller, the open transaction, the parsed body and query."""

    actor: Actor
    session: Session
    clock: Clock
    tenant: Tenant
    body: dict[str, Any] = field(default_factory=dict)
    query: dict[str, Any] = field(default_factory=dict)

    def now(self) -> datetime:
        """The current time; ask after the row lock is held."""
        return self.clock.now()

    def expected_version(self) -> int:
        """The version of the If-Match header; raises ProblemError (428, 412)."""
        header = flask.request.headers.get("If-Match")
        if header is None:
            raise ProblemError(Problem.PRECONDITION, 'send If-Match with the ETag, such as "3"')
        tag = header.strip().removeprefix("W/").strip('"')
        if not (tag.isascii() and tag.isdecimal() and len(tag) <= LONGEST_TAG):
            raise ProblemError(Problem.STALE, "If-Match must be the ETag of your last read")
        return int(tag)


class Parser(FlaskParser):
    """Unknown query parameters are refused as unknown body fields are; JSON is read strictly."""

    def __init__(self) -> None:
        super().__init__()
        self.DEFAULT_UNKNOWN_BY_LOCATION = {"json": None, "query": RAISE}

    def _raw_load_json(self, req: flask.Request) -> Any:
        body = body_of(req)
        return missing if body is None else body


View = TypeVar("View", bound=Callable[..., Any])


class IfMatch(StrEnum):
    """Whether a caller must name the version that it read."""

    NEVER = "never"
    ONCE_THERE = "once_there"
    ALWAYS = "always"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """What a route takes and answers.

    ``keeps_answer`` False: a POST that changes nothing, and whose answer nobody may find later.
    ``before`` is called with the caller, the query and what the address names, before a transaction
    is opened.
    """

    answer: type[Schema] | Schema
    status: int = 200
    body: type[Schema] | None = None
    query: type[Schema] | None = None
    key_needed: bool = False
    if_match: IfMatch = IfMatch.NEVER
    keeps_answer: bool = True
    before: Callable[..., None] | None = None


class Api(Blueprint):  # type: ignore[misc]
    """A group of routes; ``route_for`` is the only way to add one."""

    ARGUMENTS_PARSER = Parser()

    def register_views_in_doc(self, *_: Any, **__: Any) -> None:
        """Nothing: an app describes its routes when it is asked to."""

    def describe(self, document: Any, app: flask.Flask, spec: Any) -> None:
        """Write the routes, of an app that serves them, into an API document."""
        super().register_views_in_doc(document, app, spec, name=self.name, parameters=None)

    def route_for(
        self, method: str, rule: str, roles: Mapping[Role, Tenant], contract: Contract
    ) -> Callable[[View], View]:
        """Add a route: access is checked first, then bodies, then a transaction is opened."""

        def register(view: View) -> View:
            serve = _in_transaction(view, method, contract)
            if contract.query is not None:
                serve = self.arguments(contract.query, location="query", as_kwargs=False)(serve)
            if contract.body is not None:
                asked = {"location": "json", "required": is_needed(contract.body)}
                serve = self.arguments(contract.body, **asked)(serve)
            serve = self.response(contract.status, contract.answer)(serve)
            serve = documented(self, serve, method, roles, contract)
            setattr(serve, ACCESS, Access(dict(roles)))
            endpoint = f"{view.__module__.rpartition('.')[2]}_{view.__name__}"
            self.add_url_rule(rule, endpoint=endpoint, view_func=serve, methods=[method])
            return view

        return register


def is_needed(body: type[Schema]) -> bool:
    """Whether a body must be sent: one of which every field may be left out may be left out too."""
    return any(field.required for field in body().fields.values())


def guarded(roles: Mapping[Role, Tenant], *, counted: bool = True) -> Callable[[View], View]:
    """Declare the access of a plain view; no roles open it to anybody, without a token."""

    def declare(view: View) -> View:
        setattr(view, ACCESS, Access(dict(roles), counted))
        return view

    return declare


def access_of(view: Callable[..., Any]) -> Access | None:
    """The access that a view declares, or None for one that declares nothing."""
    return getattr(view, ACCESS, None)


def _in_transaction(view: Callable[..., Any], method: str, contract: Contract) -> Any:
    """Wrap a view: parsed arguments become a Call, one transaction surrounds it."""

    def serve(*parsed: dict[str, Any], **path: Any) -> Any:
        runtime: Runtime = flask.current_app.config["HANDOFF_RUNTIME"]
        actor: Actor = flask.g.actor
        given = list(parsed)
        body = given.pop(0) if contract.body is not None else {}
        query = given.pop(0) if contract.query is not None else {}
        if contract.before is not None:
            _wait(partial(contract.before, actor, query, **path))
        with runtime.database.transaction(_agency_shown(actor, flask.g.tenant)) as session:
            call = Call(actor, session, runtime.clock, flask.g.tenant, body, query)
            if method == "POST" and contract.keeps_answer:
                result = _once(call, runtime, contract, lambda: view(call, **path))
            else:
                result = result_of(contract, view(call, **path))
            reached(Point.REQUEST_WRITTEN)
        reached(Point.REQUEST_DONE)
        return response_of(result)

    serve.__name__ = view.__name__
    serve.__doc__ = view.__doc__
    return serve


def _wait(before: Callable[[], None]) -> None:
    """Do what comes before; how long it waits on purpose is no time that the answer took."""
    began = time.perf_counter()
    before()
    flask.g.began += time.perf_counter() - began


def _agency_shown(actor: Actor, tenant: Tenant) -> str:
    """The agency whose rows the database shows to a call: every one's only by a declared rule.

    A call that is to reach its own agency's things, and names no agency, is shown none.
    """
    if tenant in {Tenant.ALL, Tenant.OWN_SUBMISSION}:
        return EVERY_AGENCY
    if actor.agency_id is None or actor.agency_id == EVERY_AGENCY:
        return NO_AGENCY
    return actor.agency_id


def _once(
    call: Call, runtime: Runtime, contract: Contract, work: Callable[[], Any]
) -> idempotency.Result:
    """Run a POST under its Idempotency-Key, where it has one or must have one."""
    key = flask.request.headers.get("Idempotency-Key")
    if key is None:
        if contract.key_needed:
            raise ProblemError(Problem.KEY_MISSING, "send an Idempotency-Key, such as a new UUID")
        return result_of(contract, work())
    route = f"{flask.request.method} {flask.request.path}"
    if len(route) > idempotency.LONGEST_ROUTE:
        raise ProblemError(Problem.NOT_FOUND, "no address here is so long")
    body = flask.request.get_data(cache=True)
    caller = idempotency.caller_of(call.actor)
    this = idempotency.attempt(caller, route, key, body, runtime.mac_key)
    before = idempotency.begin(call.session, this, call.now())
    if before is not None:
        return before
    reached(Point.REQUEST_CLAIMED)
    result = result_of(contract, work())
    idempotency.finish(call.session, this, result)
    return result


def result_of(contract: Contract, answer: Any) -> idempotency.Result:
    """The answer as its schema writes it: inside the transaction, so that a fault undoes all."""
    headers = answer.headers() if isinstance(answer, Answer) else {}
    plain = answer.body if isinstance(answer, Answer) else answer
    return idempotency.Result(contract.status, headers, _made(contract.answer).dump(plain))


@cache
def _made(schema: type[Schema] | Schema) -> Schema:
    """A schema that writes answers; to make it, and those within it, anew for each costs much."""
    return schema() if isinstance(schema, type) else schema


def response_of(result: idempotency.Result) -> flask.Response:
    """The answer, as it goes over the wire."""
    text = flask.json.dumps(result.body)
    return flask.Response(text, result.status, result.headers, "application/json")


def documented(
    api: Api, serve: Any, method: str, roles: Mapping[Role, Tenant], contract: Contract
) -> Any:
    """Say in the API reference who may call, and which headers count."""
    said = (f"{role} ({tenant.replace('_', ' ')})" for role, tenant in roles.items())
    who = ", ".join(said) or "anybody, without a token"
    doc: dict[str, Any] = {"x-roles": {r.value: t.value for r, t in roles.items()}}
    first, _, rest = (serve.__doc__ or "").strip().partition("\n")
    doc |= {"summary": first, "description": f"{rest.strip()}\n\nRoles: {who}.".strip()}
    if not roles:
        doc["security"] = []
    doc["responses"] = {"429": {"$ref": f"#/components/responses/{TOO_MANY}"}}
    headers = _headers(method, contract) if roles else []
    return api.doc(**doc, **({"parameters": headers} if headers else {}))(serve)


def _headers(method: str, contract: Contract) -> list[dict[str, Any]]:
    """The request headers that count, as the API reference lists them."""
    found = []
    if method == "POST" and contract.keeps_answer:
        key = {"type": "string", "maxLength": idempotency.LONGEST_KEY}
        found.append({"name": "Idempotency-Key", "required": contract.key_needed, "schema": key})
    if contract.if_match is not IfMatch.NEVER:
        always = contract.if_match is IfMatch.ALWAYS
        tag = {"type": "string", "examples": ['"3"']}
        found.append({"name": "If-Match", "required": always, "schema": tag})
    return [{"in": "header", **header} for header in found]
