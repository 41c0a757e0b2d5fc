"""The Flask app of a service: sign-in, access checks, problem answers and the API document."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from threading import Lock
from typing import Any, Final

import flask
import structlog
from flask_smorest import Api as Document
from marshmallow import Schema, fields
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException

from contracts.problems import JSON, Problem, ProblemError
from services.chassis import failpoints
from services.chassis.api import TOO_MANY, Api, Runtime, access_of
from services.chassis.callers import Callers
from services.chassis.event_log import LogUnavailableError
from services.chassis.faults import is_transient, reason_of
from services.chassis.firewall import Firewall
from services.chassis.json_body import JsonProvider
from services.chassis.metrics import RequestMetrics
from services.chassis.tokens import Tokens
from services.chassis.turnstile import Turnstile

log = structlog.get_logger()

LARGEST_BODY: Final = 1024 * 1024
_AGAIN_S: Final = 5
_BY_STATUS: Final = {
    400: Problem.MALFORMED,
    404: Problem.NOT_FOUND,
    405: Problem.METHOD,
    406: Problem.NOT_ACCEPTABLE,
    408: Problem.SLOW,
    413: Problem.TOO_LARGE,
    415: Problem.MEDIA_TYPE,
    422: Problem.INVALID,
}
# In place of werkzeug's sentences, which speak to somebody at a browser.
_SAID: Final = {
    404: "there is no such address; see /docs/",
    405: "this address does not take this method; see /docs/",
    408: "the body did not arrive in time",
    413: f"send at most {LARGEST_BODY} bytes",
}


class ProblemSchema(Schema):
    """A problem (RFC 9457); ``errors`` names each field and what would be right."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    errors = fields.Dict(keys=fields.String(), values=fields.Raw())


class ApiDocument(Document):  # type: ignore[misc]
    """flask-smorest's document, with problems in place of its own error bodies.

    Serving needs the routes and not their description, which is half the cost of a start: that is
    made when it is first asked for.
    """

    ERROR_SCHEMA = ProblemSchema

    def __init__(self, app: flask.Flask, apis: Sequence[Api]) -> None:
        super().__init__(app, spec_kwargs=_security())
        self._apis = apis
        self._describing = Lock()
        self._described: dict[str, Any] = {}
        for api in apis:
            self.register_blueprint(api)

    def described(self) -> dict[str, Any]:
        """What the routes take and answer, as OpenAPI."""
        with self._describing:
            if not self._described:
                for api in self._apis:
                    api.describe(self, self._app, self.spec)
                self._described = self.spec.to_dict()
        return self._described

    def handle_http_exception(self, error: HTTPException) -> Any:
        """Render any HTTP error as problem+json."""
        return http_problem(error)


@dataclass(frozen=True, slots=True)
class Site:
    """What an app is made of."""

    name: str
    title: str
    apis: Sequence[Api]


def create_app(site: Site, runtime: Runtime, tokens: Tokens) -> flask.Flask:
    """The Flask app of one service; raises ValueError for a route without declared access."""
    app = flask.Flask(site.name, static_folder=None)
    requests = RequestMetrics(site.name)
    turnstile = Turnstile(runtime.database, runtime.limits, runtime.mac_key, requests.refused)
    app.config |= {
        "HANDOFF_RUNTIME": runtime,
        "HANDOFF_REQUESTS": requests,
        "HANDOFF_TURNSTILE": turnstile,
        "MAX_CONTENT_LENGTH": LARGEST_BODY,
        "API_TITLE": site.title,
        "API_VERSION": "v1",
        "OPENAPI_VERSION": "3.1.0",
        "OPENAPI_URL_PREFIX": None,
        "PROPAGATE_EXCEPTIONS": False,
    }
    app.extensions["handoff_document"] = ApiDocument(app, site.apis)
    callers = Callers(runtime.database, runtime.clock, tokens, turnstile)
    protect(app, callers, Firewall(runtime.database, runtime.clock))
    return app


def protect(app: flask.Flask, callers: Callers, firewall: Firewall) -> None:
    """Check access before every view, and answer every error with a problem.

    What officers try that no officer may is counted.
    """
    app.json = JsonProvider(app)
    app.before_request(_begin)
    app.before_request(lambda: _admit(app, callers))
    app.after_request(_end)
    app.after_request(lambda response: _note_refusal(response, firewall))
    app.teardown_request(lambda _: structlog.contextvars.clear_contextvars())
    app.register_error_handler(ProblemError, problem_response)
    app.register_error_handler(SQLAlchemyError, _database_fault)
    app.register_error_handler(LogUnavailableError, _log_fault)
    app.register_error_handler(Exception, _unexpected)
    _check_access(app)


def document_of(app: flask.Flask) -> dict[str, Any]:
    """The OpenAPI 3.1 document of an app."""
    spec: dict[str, Any] = app.extensions["handoff_document"].described()
    shared = spec["components"]  # its answers are all errors, and errors are problems
    said = {"content": {JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    named = shared.get("responses", {}) | {TOO_MANY: _beyond_a_limit()}
    answers = {name: answer | said for name, answer in named.items()}
    return spec | {"components": shared | {"responses": answers}}


def problem_response(error: ProblemError) -> flask.Response:
    """The answer for a problem."""
    kind = error.problem.value
    response = flask.Response(flask.json.dumps(error.body()), kind.status, mimetype=JSON)
    if kind.status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = "Bearer"
    again_s = _AGAIN_S if error.problem is Problem.UNAVAILABLE else error.retry_after_s
    if again_s is not None:
        response.headers["Retry-After"] = str(again_s)
    return response


def _begin() -> None:
    """Start the watch, put the referral's id on every log line, refuse what no text can hold."""
    flask.g.began = time.perf_counter()
    failpoints.enter(flask.request.endpoint or "")
    structlog.contextvars.clear_contextvars()
    referral = (flask.request.view_args or {}).get("referral_id")
    if referral is not None:
        structlog.contextvars.bind_contextvars(referral_id=str(referral))
    if "\0" in flask.request.path or "\0" in "".join(flask.request.args.values()):
        raise ProblemError(Problem.MALFORMED, "the address has a NUL character in it")


def _end(response: flask.Response) -> flask.Response:
    """Count the request; answers may hold personal data, so nobody on the way keeps them."""
    metrics: RequestMetrics | None = flask.current_app.config.get("HANDOFF_REQUESTS")
    if metrics is not None:
        rule = flask.request.url_rule
        route = f"{flask.request.method} {rule.rule}" if rule else "unmatched"
        metrics.count(route, response.status_code, time.perf_counter() - flask.g.began)
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    return response


def _admit(app: flask.Flask, callers: Callers) -> None:
    """Authenticate, then check the role against the route's; unknown addresses go on to 404."""
    if flask.request.url_rule is None:
        _ask_who_is_lost(callers)
        return
    view = app.view_functions[flask.request.url_rule.endpoint]
    access = access_of(view)
    if access is not None and not access.roles:
        if access.counted:
            callers.let_stranger_in()
        return
    flask.g.caller = actor = callers.present()
    if access is None or actor.role not in access.roles:
        allowed = ", ".join(sorted(access.roles)) if access else "nobody"
        raise ProblemError(Problem.FORBIDDEN, f"a {actor.role} may not do this; allowed: {allowed}")
    flask.g.actor = actor
    flask.g.tenant = access.roles[actor.role]


def _ask_who_is_lost(callers: Callers) -> None:
    """Note who calls at an unknown address; raises ProblemError (429) and nothing else."""
    try:
        flask.g.caller = callers.present()
    except ProblemError as error:
        if error.problem is Problem.TOO_MANY:
            raise
    except SQLAlchemyError as error:
        log.warning("caller_unknown", reason=reason_of(error))


def _note_refusal(response: flask.Response, firewall: Firewall) -> flask.Response:
    """Have what an officer may not do counted."""
    if response.status_code >= HTTPStatus.BAD_REQUEST:
        firewall.note(flask.g.get("caller"), response.status_code)
    return response


def _check_access(app: flask.Flask) -> None:
    open_views = [name for name, view in app.view_functions.items() if access_of(view) is None]
    if open_views:
        raise ValueError(f"routes without declared roles: {', '.join(sorted(open_views))}")


def as_problem(error: HTTPException) -> ProblemError:
    """A werkzeug or webargs error as the problem to answer with."""
    status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
    problem = _BY_STATUS.get(
        status,
        Problem.INTERNAL if status >= HTTPStatus.INTERNAL_SERVER_ERROR else Problem.MALFORMED,
    )
    messages = getattr(error, "data", {}).get("messages", {})
    errors = {k: v for part in messages.values() if isinstance(part, dict) for k, v in part.items()}
    if messages and not errors:
        errors = dict(messages)
    if errors:
        detail = f"not right: {', '.join(sorted(map(str, errors)))}"
        return ProblemError(problem, detail, {str(k): v for k, v in errors.items()})
    return ProblemError(problem, _SAID.get(status) or error.description or problem.value.title)


def http_problem(error: HTTPException) -> flask.Response:
    """The answer for a werkzeug or webargs error."""
    response = problem_response(as_problem(error))
    allowed = getattr(error, "valid_methods", None)
    if allowed:
        response.headers["Allow"] = ", ".join(sorted(allowed))
    return response


def _database_fault(error: SQLAlchemyError) -> flask.Response:
    """The database is away or full: nothing was written, say so; anything else is our fault."""
    if not is_transient(error):
        return _unexpected(error)
    log.error("database_unavailable", reason=reason_of(error))
    right = "the database does not answer in time: send it again, with the same Idempotency-Key"
    return problem_response(ProblemError(Problem.UNAVAILABLE, right))


def _log_fault(error: LogUnavailableError) -> flask.Response:
    """No request but the operators' asks the event log."""
    log.warning("event_log_unavailable", reason=reason_of(error))
    right = "the event log does not answer: send it again later"
    return problem_response(ProblemError(Problem.UNAVAILABLE, right))


def _unexpected(error: Exception) -> flask.Response:
    log.error("request_failed", exc_info=(type(error), error, error.__traceback__))
    return problem_response(
        ProblemError(Problem.INTERNAL, "the fault is ours and was logged; nothing was changed")
    )


def _beyond_a_limit() -> dict[str, Any]:
    seconds = {"description": "Seconds until the next one may come", "schema": {"type": "integer"}}
    said = "Too Many Requests: of this caller, or without a good token from this address"
    return {"description": said, "headers": {"Retry-After": seconds}}


def _security() -> dict[str, Any]:
    scheme = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    return {
        "components": {"securitySchemes": {"token": scheme}},
        "security": [{"token": []}],
    }
