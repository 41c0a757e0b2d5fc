"""The Flask app of a service: sign-in, access checks, problem answers and the API document."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import flask
import structlog
from flask_smorest import Api as Document
from marshmallow import Schema, fields
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import HTTPException

from contracts.problems import JSON, Problem, ProblemError
from services.chassis.api import Api, Runtime, access_of
from services.chassis.clock import Clock
from services.chassis.tokens import Tokens, unauthenticated

log = structlog.get_logger()

LARGEST_BODY: Final = 1024 * 1024
_BY_STATUS: Final = {
    400: Problem.MALFORMED,
    404: Problem.NOT_FOUND,
    405: Problem.METHOD,
    406: Problem.NOT_ACCEPTABLE,
    413: Problem.TOO_LARGE,
    415: Problem.MEDIA_TYPE,
    422: Problem.INVALID,
}


class ProblemSchema(Schema):
    """A problem (RFC 9457); ``errors`` names each field and what would be right."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    errors = fields.Dict(keys=fields.String(), values=fields.Raw())


class ApiDocument(Document):  # type: ignore[misc]
    """flask-smorest's document, with problems in place of its own error bodies."""

    ERROR_SCHEMA = ProblemSchema

    def handle_http_exception(self, error: HTTPException) -> Any:
        """Render any HTTP error as problem+json."""
        return problem_response(as_problem(error))


@dataclass(frozen=True, slots=True)
class Site:
    """What an app is made of."""

    name: str
    title: str
    apis: Sequence[Api]


def create_app(site: Site, runtime: Runtime, tokens: Tokens) -> flask.Flask:
    """The Flask app of one service; raises ValueError for a route without declared access."""
    app = flask.Flask(site.name, static_folder=None)
    app.config |= {
        "HANDOFF_RUNTIME": runtime,
        "MAX_CONTENT_LENGTH": LARGEST_BODY,
        "API_TITLE": site.title,
        "API_VERSION": "v1",
        "OPENAPI_VERSION": "3.1.0",
        "OPENAPI_URL_PREFIX": None,
        "PROPAGATE_EXCEPTIONS": False,
    }
    document = ApiDocument(app, spec_kwargs=_security())
    for api in site.apis:
        document.register_blueprint(api)
    app.extensions["handoff_document"] = document
    protect(app, runtime.clock, tokens)
    return app


def protect(app: flask.Flask, clock: Clock, tokens: Tokens) -> None:
    """Check access before every view, and answer every error with a problem."""
    app.before_request(lambda: _admit(app, clock, tokens))
    app.register_error_handler(ProblemError, problem_response)
    app.register_error_handler(SQLAlchemyError, _database_fault)
    app.register_error_handler(Exception, _unexpected)
    _check_access(app)


def document_of(app: flask.Flask) -> dict[str, Any]:
    """The OpenAPI 3.1 document of an app."""
    spec: dict[str, Any] = app.extensions["handoff_document"].spec.to_dict()
    return spec


def problem_response(error: ProblemError) -> flask.Response:
    """The answer for a problem."""
    kind = error.problem.value
    response = flask.Response(
        flask.json.dumps(error.body()), kind.status, mimetype=JSON
    )
    if kind.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    if kind.status == 503:
        response.headers["Retry-After"] = "5"
    return response


def _admit(app: flask.Flask, clock: Clock, tokens: Tokens) -> None:
    """Authenticate, then check the role against the route's; unknown addresses go on to 404."""
    if flask.request.url_rule is None:
        return
    view = app.view_functions[flask.request.url_rule.endpoint]
    access = access_of(view)
    if access is not None and not access.roles:
        return
    scheme, _, token = flask.request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise unauthenticated("send an Authorization header: Bearer, then a token")
    actor = tokens.verify(token.strip(), clock.now())
    if access is None or actor.role not in access.roles:
        allowed = ", ".join(sorted(access.roles)) if access else "nobody"
        raise ProblemError(
            Problem.FORBIDDEN, f"a {actor.role} may not do this; allowed: {allowed}"
        )
    flask.g.actor = actor
    flask.g.tenant = access.roles[actor.role]


def _check_access(app: flask.Flask) -> None:
    open_views = [
        name for name, view in app.view_functions.items() if access_of(view) is None
    ]
    if open_views:
        raise ValueError(
            f"routes without declared roles: {', '.join(sorted(open_views))}"
        )


def as_problem(error: HTTPException) -> ProblemError:
    """A werkzeug or webargs error as the problem to answer with."""
    status = error.code or 500
    problem = _BY_STATUS.get(
        status, Problem.INTERNAL if status >= 500 else Problem.MALFORMED
    )
    messages = getattr(error, "data", {}).get("messages", {})
    errors = {
        k: v
        for part in messages.values()
        if isinstance(part, dict)
        for k, v in part.items()
    }
    if messages and not errors:
        errors = dict(messages)
    if errors:
        detail = f"not right: {', '.join(sorted(map(str, errors)))}"
        return ProblemError(problem, detail, {str(k): v for k, v in errors.items()})
    return ProblemError(problem, error.description or problem.value.title)


def _database_fault(error: SQLAlchemyError) -> flask.Response:
    """The database is away or full: nothing was written, say so; anything else is our fault."""
    if not isinstance(error, OperationalError | PoolTimeoutError):
        return _unexpected(error)
    log.error("database_unavailable", kind=type(error).__name__)
    return problem_response(
        ProblemError(
            Problem.UNAVAILABLE, "the database does not answer; nothing was changed"
        )
    )


def _unexpected(error: Exception) -> flask.Response:
    log.error("request_failed", exc_info=(type(error), error, error.__traceback__))
    return problem_response(
        ProblemError(
            Problem.INTERNAL, "the fault is ours and was logged; nothing was changed"
        )
    )


def _security() -> dict[str, Any]:
    scheme = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    return {
        "components": {"securitySchemes": {"token": scheme}},
        "security": [{"token": []}],
    }
