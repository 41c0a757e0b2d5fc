"""The operator's routes: health, metrics, reference, flow, parked keys, republishing, the clock."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import Any, Final

import flask
from flask_swagger_ui import get_swaggerui_blueprint
from marshmallow import Schema, fields, validate
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException

from contracts.bodies.shared import moment
from contracts.problems import ConflictError, InvalidError, NotFoundError
from contracts.topics import TOPICS, Consumer, Service
from contracts.vocabulary import Role
from services.chassis import held
from services.chassis.api import Tenant, guarded
from services.chassis.audit_routes import add_audit
from services.chassis.callers import Callers
from services.chassis.clock import Clock, SettableClock
from services.chassis.firewall import Firewall
from services.chassis.http import LARGEST_BODY, document_of, http_problem, protect
from services.chassis.json_body import load_body
from services.chassis.key_routes import add_keys
from services.chassis.metrics import registry_of
from services.chassis.service import ParkedError, WiredService
from services.chassis.tokens import Tokens

PREFIXES: Final = ("/livez", "/readyz", "/metrics", "/docs", "/ops")
LONGEST_KEY: Final = 80
_ADMIN: Final = {Role.ADMIN: Tenant.ALL}


class RedriveBody(Schema):
    """Which parked key to handle again."""

    consumer = fields.Enum(Consumer, by_value=True, required=True)
    topic = fields.String(required=True)
    key = fields.String(required=True)


class RepublishBody(Schema):
    """Which history to send again: a topic's, or one stream's of it."""

    service = fields.Enum(Service, by_value=True, required=True)
    topic = fields.String(required=True, validate=validate.OneOf(TOPICS))
    key = fields.String(load_default=None, validate=validate.Length(min=1, max=LONGEST_KEY))


class ClockBody(Schema):
    """The time that the settable clock is to show; it only goes forwards."""

    now = moment(required=True)


def create_operations(
    services: Sequence[WiredService],
    clock: Clock,
    tokens: Tokens,
    draining: Callable[[], bool] = lambda: False,
) -> flask.Flask:
    """The operations app over one service or a whole suite; while draining it is not ready."""
    app = flask.Flask("operations", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    counted = [service.app.config["HANDOFF_REQUESTS"] for service in services]
    registry = registry_of({service.name: service.flow_lately for service in services}, counted)
    _add_health(app, services, draining)
    _add_reference(app, services)
    _add_parked(app, services)
    _add_republish(app, services)
    add_audit(app, services)
    add_keys(app, services)
    if isinstance(clock, SettableClock):
        _add_clock(app, services, clock)

    @app.get("/metrics")
    @guarded({}, counted=False)
    def metrics() -> flask.Response:
        return flask.Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)

    app.register_error_handler(HTTPException, http_problem)
    database, turnstile = services[0].database, services[0].app.config["HANDOFF_TURNSTILE"]
    protect(app, Callers(database, clock, tokens, turnstile), Firewall(database, clock))
    return app


def _add_health(
    app: flask.Flask, services: Sequence[WiredService], draining: Callable[[], bool]
) -> None:
    @app.get("/livez")
    @guarded({}, counted=False)
    def livez() -> dict[str, Any]:
        return {"alive": True}

    @app.get("/readyz")
    @guarded({}, counted=False)
    def readyz() -> tuple[dict[str, Any], int]:
        faults = {service.name.value: service.faults() for service in services}
        ready = not any(faults.values()) and not draining()
        answer = {"ready": ready, "draining": draining(), "faults": faults}
        return answer | {"alarms": _alarms(services)}, 200 if ready else 503

    @app.get("/ops/flow")
    @guarded(_ADMIN)
    def flow() -> dict[str, Any]:
        return {service.name.value: asdict(service.flow()) for service in services}


def _alarms(services: Sequence[WiredService]) -> dict[str, list[str]]:
    """Alarms leave a service ready: one parked key must not take it from all others."""
    found: dict[str, list[str]] = {}
    for service in services:
        with suppress(SQLAlchemyError):  # a database that is away is among the faults
            found[service.name.value] = service.alarms()
    return found


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
    for endpoint in [name for name in app.view_functions if name.startswith("swagger_ui.")]:
        guarded({})(app.view_functions[endpoint])


def _add_parked(app: flask.Flask, services: Sequence[WiredService]) -> None:
    @app.get("/ops/parked")
    @guarded(_ADMIN)
    def parked() -> dict[str, Any]:
        keys: list[dict[str, Any]] = []
        lost: list[dict[str, Any]] = []
        for service in services:
            with service.database.transaction() as session:
                keys += held.parked_keys(session)
                lost += held.quarantined_records(session)
        return {"parked": keys, "quarantined": lost}

    @app.post("/ops/parked/redrive")
    @guarded(_ADMIN)
    def redrive() -> dict[str, Any]:
        body = load_body(RedriveBody())
        wanted: Consumer = body["consumer"]
        for service in services:
            if any(box.consumer == wanted for box in service.inboxes):
                return {"handled": _redrive(service, body)}
        raise NotFoundError("consumer")


def _redrive(service: WiredService, body: dict[str, Any]) -> int:
    try:
        return service.redrive(body["consumer"], body["topic"], body["key"], flask.g.actor)
    except ParkedError as error:
        raise ConflictError(f"the message fails as before: {error}") from None
    except LookupError:
        raise NotFoundError("parked key") from None


def _add_republish(app: flask.Flask, services: Sequence[WiredService]) -> None:
    named = {service.name: service for service in services}

    @app.post("/ops/republish")
    @guarded(_ADMIN)
    def republish() -> tuple[dict[str, Any], int]:
        body = load_body(RepublishBody())
        service = named.get(body["service"])
        if service is None:
            raise NotFoundError("service")
        if TOPICS[body["topic"]].producer is not service.name:
            raise InvalidError("topic", f"{service.name} does not publish it")
        return {"events": service.republish(body["topic"], body["key"], flask.g.actor)}, 202


def _add_clock(app: flask.Flask, services: Sequence[WiredService], clock: SettableClock) -> None:
    """Demo and tests only: settings refuse a settable clock in production.

    The services share one clock, so the first of them audits who set it; the loops of all look
    what is due by it.
    """

    @app.get("/ops/clock")
    @guarded(_ADMIN)
    def read_clock() -> dict[str, Any]:
        return {"now": clock.now().isoformat()}

    @app.put("/ops/clock")
    @guarded(_ADMIN)
    def set_clock() -> dict[str, Any]:
        try:
            clock.set(load_body(ClockBody())["now"])
        except ValueError as error:
            raise InvalidError("now", str(error)) from None
        services[0].operated(flask.g.actor, "clock.set")
        for service in services:
            service.database.committed()
        return {"now": clock.now().isoformat()}
