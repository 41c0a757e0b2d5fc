"""The operator's routes of the audit: how much there is, heads to export, chains to verify."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any, Final

import flask
from marshmallow import Schema, fields, post_load, validate
from sqlalchemy.orm import Session

from contracts.problems import NotFoundError
from contracts.topics import Service
from contracts.vocabulary import Role
from services.chassis import chains
from services.chassis.api import Tenant, guarded
from services.chassis.chains import BATCH, Chains, Head, Place
from services.chassis.json_body import load_body
from services.chassis.service import WiredService

Work = Callable[[Session, dict[str, Any]], dict[str, Any]]
_ADMIN: Final = {Role.ADMIN: Tenant.ALL, Role.SERVICE: Tenant.ALL}
_LONGEST: Final = validate.Length(min=1, max=120)
_WIDEST: Final = validate.Range(min=0, max=2**31 - 1)


class HeadBody(Schema):
    """The last link of a chain at some time."""

    topic = fields.String(required=True, validate=_LONGEST)
    key = fields.String(required=True, validate=_LONGEST)
    seq = fields.Integer(required=True, strict=True, validate=_WIDEST)
    hash = fields.String(required=True, validate=_LONGEST)

    @post_load
    def make(self, data: dict[str, Any], **_: object) -> Head:
        """The head."""
        return Head(**data)


class PlaceBody(Schema):
    """The ``next`` of the stretch before."""

    topic = fields.String(required=True, validate=_LONGEST)
    key = fields.String(required=True, validate=_LONGEST)
    number = fields.Integer(required=True, strict=True, validate=_WIDEST)
    hash = fields.String(required=True, validate=_LONGEST)
    head_seq = fields.Integer(required=True, allow_none=True, strict=True, validate=_WIDEST)
    head_hash = fields.String(required=True, allow_none=True, validate=_LONGEST)

    @post_load
    def make(self, data: dict[str, Any], **_: object) -> Place:
        """The place."""
        return Place(**data)


class ServiceBody(Schema):
    """Whose chains."""

    service = fields.Enum(Service, by_value=True, required=True)


class HeadsBody(ServiceBody):
    """Which page of heads."""

    after = fields.Tuple(
        (fields.String(validate=_LONGEST), fields.String(validate=_LONGEST)), load_default=None
    )


class WalkBody(ServiceBody):
    """Which stretch of which chains to verify."""

    chains = fields.Enum(Chains, by_value=True, required=True)
    after = fields.Nested(PlaceBody, load_default=None)


class HoldBody(ServiceBody):
    """Heads that were exported, to hold the chains of today against."""

    heads = fields.List(
        fields.Nested(HeadBody), required=True, validate=validate.Length(min=1, max=BATCH)
    )


def add_audit(app: flask.Flask, services: Sequence[WiredService]) -> None:
    """Add the routes, for these services; none shows a fact, only which links do not hold."""
    named = {service.name: service for service in services}

    @app.get("/ops/audit")
    @guarded(_ADMIN)
    def size() -> dict[str, Any]:
        return {name.value: _in(service, _size, {}) for name, service in named.items()}

    def add(path: str, schema: type[Schema], work: Work) -> None:
        @app.post(f"/ops/audit/{path}", endpoint=f"audit_{path}")
        @guarded(_ADMIN)
        def view() -> dict[str, Any]:
            body = load_body(schema())
            if body["service"] not in named:
                raise NotFoundError("service")
            return _in(named[body["service"]], work, body)

    add("heads", HeadsBody, _heads)
    add("walk", WalkBody, _walk)
    add("hold", HoldBody, _hold)


def _in(service: WiredService, work: Work, body: dict[str, Any]) -> dict[str, Any]:
    with service.database.transaction() as session:
        return work(session, body)


def _size(session: Session, _: dict[str, Any]) -> dict[str, Any]:
    return asdict(chains.size(session))


def _heads(session: Session, body: dict[str, Any]) -> dict[str, Any]:
    found = chains.heads(session, body["after"])
    return {"heads": [asdict(head) for head in found], "faults": chains.emptied(session, found)}


def _walk(session: Session, body: dict[str, Any]) -> dict[str, Any]:
    return asdict(chains.walk(session, body["chains"], body["after"]))


def _hold(session: Session, body: dict[str, Any]) -> dict[str, Any]:
    return {"faults": chains.hold(session, body["heads"])}
