"""The operator's routes: alive, ready, metrics, API reference, flow, parked keys, the clock."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

import flask
from flask_swagger_ui import get_swaggerui_blueprint
from marshmallow import Schema, ValidationError, fields
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from werkzeug.exceptions import HTTPException

from contracts.problems import InvalidError, NotFoundError, Problem, ProblemError
from contracts.topics import Consumer
from contracts.vocabulary import Role
from services.chassis import inbox
from services.chassis.api import Tenant, guarded
from services.chassis.clock import Clock, SettableClock
from services.chassis.http import as_problem, document_of, problem_response, protect
from services.chassis.metrics import registry_of
from services.chassis.service import WiredService
from services.chassis.tokens import Tokens

PREFIXES: Final = ("/livez", "/readyz", "/metrics", "/docs", "/ops")
_ADMIN: Final = {Role.ADMIN: Tenant.ALL}


class RedriveBody(Schema):
    """Which parked key to handle again."""

    consumer = fields.Enum(Consumer, by_value=True, required=True)
    topic = fields.String(required=True)
    key = fields.String(required=True)


class ClockBody(Schema):
    """The time that the settable clock is to show; it only goes forwards."""

    now = fields.AwareDateTime(required=True)


def create_operations(
    services: Sequence[WiredService], clock: Clock, tokens: Tokens
) -> flask.Flask:
    """The operations app over one service or a whole suite."""
    app = flask.Flask("operations", static_folder=None)
    registry = registry_of({service.name: service.flow for service in services})
    _add_health(app, services)
    _add_reference(app, services)
    _add_parked(app, services, clock)
    if isinstance(clock, SettableClock):
        _add_clock(app, clock)

    @app.get("/metrics")
    @guarded({})
    def metrics() -> flask.Response:
        return flask.Response(
            generate_latest(registry), content_type=CONTENT_TYPE_LATEST
        )

    app.register_error_handler(HTTPException, lambda e: problem_response(as_problem(e)))
    protect(app, clock, tokens)
    return app


def _add_health(app: flask.Flask, services: Sequence[WiredService]) -> None:
    @app.get("/livez")
    @guarded({})
    def livez() -> dict[str, Any]:
        return {"alive": True}

    @app.get("/readyz")
    @guarded({})
    def readyz() -> tuple[dict[str, Any], int]:
        faults = {service.name.value: service.faults() for service in services}
        ready = not any(faults.values())
        return {"ready": ready, "faults": faults}, 200 if ready else 503

    @app.get("/ops/flow")
    @guarded(_ADMIN)
    def flow() -> dict[str, Any]:
        return {service.name.value: asdict(service.flow()) for service in services}


def _add_reference(app: flask.Flask, services: Sequence[WiredService]) -> None:
    """The API reference: Swagger UI from the installed package, asking no other host."""
    documents = {service.name.value: service.app for service in services}

    @app.get("/docs/<name>.json")
    @guarded({})
    def document(name: str) -> dict[str, Any]:
        if name not in documents:
            raise NotFoundError("API document")
        return document_of(documents[name])

    urls = [{"url": f"/docs/{name}.json", "name": name} for name in documents]
    page = get_swaggerui_blueprint(
        "/docs", urls[0]["url"], config={"urls": urls, "validatorUrl": None}
    )
    app.register_blueprint(page)
    for endpoint in [
        name for name in app.view_functions if name.startswith("swagger_ui.")
    ]:
        guarded({})(app.view_functions[endpoint])


def _add_parked(
    app: flask.Flask, services: Sequence[WiredService], clock: Clock
) -> None:
    @app.get("/ops/parked")
    @guarded(_ADMIN)
    def parked() -> dict[str, Any]:
        keys: list[dict[str, Any]] = []
        lost: list[dict[str, Any]] = []
        for service in services:
            with service.database.transaction() as session:
                keys += inbox.parked_keys(session)
                lost += inbox.quarantined_records(session)
        return {"parked": keys, "quarantined": lost}

    @app.post("/ops/parked/redrive")
    @guarded(_ADMIN)
    def redrive() -> dict[str, Any]:
        body = _body(RedriveBody())
        wanted: Consumer = body["consumer"]
        for service in services:
            if any(box.consumer == wanted for box in service.inboxes):
                return {"handled": _redrive(service, clock, body)}
        raise NotFoundError("consumer")


def _redrive(service: WiredService, clock: Clock, body: dict[str, Any]) -> int:
    try:
        return service.redrive(
            body["consumer"], body["topic"], body["key"], clock.now()
        )
    except LookupError:
        raise NotFoundError("parked key") from None


def _add_clock(app: flask.Flask, clock: SettableClock) -> None:
    """Demo and tests only: settings refuse a settable clock in production."""

    @app.get("/ops/clock")
    @guarded(_ADMIN)
    def read_clock() -> dict[str, Any]:
        return {"now": clock.now().isoformat()}

    @app.put("/ops/clock")
    @guarded(_ADMIN)
    def set_clock() -> dict[str, Any]:
        try:
            clock.set(_body(ClockBody())["now"])
        except ValueError as error:
            raise InvalidError("now", str(error)) from None
        return {"now": clock.now().isoformat()}


def _body(schema: Schema) -> dict[str, Any]:
    try:
        loaded: dict[str, Any] = schema.load(flask.request.get_json())
    except ValidationError as error:
        fields_named = ", ".join(sorted(map(str, error.messages_dict)))
        raise ProblemError(
            Problem.INVALID, f"not right: {fields_named}", error.messages_dict
        ) from None
    return loaded
