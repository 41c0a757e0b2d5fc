"""A small service with every kind of route, for the tests of HTTP, idempotency and pages."""

from typing import Any

from joserfc.jwk import KeySet, OKPKey
from marshmallow import Schema, fields, validate
from sqlalchemy import Column, Integer, MetaData, String, Table, select
from werkzeug.test import TestResponse

from contracts.problems import ConflictError, NotFoundError
from contracts.vocabulary import Role
from services.chassis.actor import Actor
from services.chassis.api import Answer, Api, Call, Contract, Runtime, Tenant
from services.chassis.database import Database
from services.chassis.http import Site, create_app
from services.chassis.limits import Limits
from services.chassis.tokens import Tokens
from tests.ports.samples import StillClock

ADMIN = Actor(subject="ada", role=Role.ADMIN)
OFFICER = Actor(subject="olu", role=Role.OFFICER, unit_id="unit-a")
EVERYBODY = {Role.ADMIN: Tenant.ALL, Role.OFFICER: Tenant.OWN_SUBMISSION}

metadata = MetaData()
notes = Table(
    "notes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("text", String(200), nullable=False),
    Column("version", Integer, nullable=False),
)


class NoteBody(Schema):
    """A note as it is sent."""

    text = fields.String(required=True, validate=validate.Length(1, 200))
    weight = fields.Integer(load_default=0)


class NoteAnswer(Schema):
    """A note as it is answered."""

    id = fields.Integer()
    text = fields.String()


class NoteQuery(Schema):
    """What notes may be asked by."""

    text = fields.String(load_default=None)


class NoteList(Schema):
    """Notes."""

    items = fields.List(fields.Nested(NoteAnswer))


def write_note(call: Call) -> Answer:
    """Write a note."""
    return Answer(_write(call), version=1, location="/v1/notes/1")


def write_carefully(call: Call) -> Answer:
    """Write a note under a key."""
    return Answer(_write(call))


def refuse(call: Call) -> Any:
    """Write, then refuse."""
    _write(call)
    raise ConflictError("not now")


def ping(call: Call) -> dict[str, Any]:
    """Take no body."""
    return {"id": 0, "text": call.actor.subject}


def fault(call: Call) -> Any:
    """Fail with a value in the text."""
    raise RuntimeError(f"Jane Canary {call.now()}")


def list_notes(call: Call) -> dict[str, Any]:
    """List notes."""
    query = select(notes).order_by(notes.c.id)
    if call.query["text"]:
        query = query.where(notes.c.text == call.query["text"])
    return {"items": call.session.execute(query).mappings().all()}


def read_nothing(call: Call, referral_id: object) -> Any:
    """Find nothing."""
    del call, referral_id
    raise NotFoundError("note")


def replace_note(call: Call, number: int) -> Answer:
    """Replace a note, whose version is named."""
    body = {"id": number, "text": call.body["text"]}
    return Answer(body, version=call.expected_version() + 1)


WRITE = Contract(answer=NoteAnswer, status=201, body=NoteBody)
CAREFUL = Contract(answer=NoteAnswer, status=201, body=NoteBody, key_needed=True)
EDIT = Contract(answer=NoteAnswer, body=NoteBody)
BARE = Contract(answer=NoteAnswer)
LIST = Contract(answer=NoteList, query=NoteQuery)
ROUTES = (
    ("POST", "/v1/notes", EVERYBODY, WRITE, write_note),
    ("POST", "/v1/careful-notes", EVERYBODY, CAREFUL, write_carefully),
    ("POST", "/v1/refusals", EVERYBODY, EDIT, refuse),
    ("POST", "/v1/pings", EVERYBODY, BARE, ping),
    ("POST", "/v1/faults", EVERYBODY, BARE, fault),
    ("GET", "/v1/notes", EVERYBODY, LIST, list_notes),
    ("GET", "/v1/referrals/<uuid:referral_id>", EVERYBODY, BARE, read_nothing),
    ("PUT", "/v1/notes/<int:number>", {Role.ADMIN: Tenant.ALL}, EDIT, replace_note),
)


def notes_api() -> Api:
    """The routes; a new blueprint each time, for an app takes it as its own."""
    api = Api("notes", __name__)
    for method, rule, roles, contract, view in ROUTES:
        api.route_for(method, rule, roles, contract)(view)
    return api


def _write(call: Call) -> dict[str, Any]:
    row = {"text": call.body["text"], "version": 1}
    added = call.session.execute(notes.insert().values(row).returning(notes.c.id))
    return row | {"id": added.scalar_one()}


class SmallSite:
    """The app over a database, with tokens for whoever is needed."""

    def __init__(
        self,
        database: Database,
        clock: StillClock | None = None,
        limits: Limits = Limits(),  # noqa: B008 - it is frozen
    ) -> None:
        metadata.create_all(database.engine)
        self.database = database
        self.clock = clock or StillClock()
        self.tokens = Tokens(signing_keys(), "handoff", "handoff")
        runtime = Runtime(database, self.clock, b"m" * 32, limits)
        self.app = create_app(Site("notes", "Notes", [notes_api()]), runtime, self.tokens)

    def headers(self, actor: Actor = ADMIN, **more: str) -> dict[str, str]:
        """What this caller sends; underscores in names stand for hyphens."""
        named = {name.replace("_", "-"): value for name, value in more.items()}
        return {"Authorization": f"Bearer {self.tokens.issue(actor, self.clock.now())}"} | named

    def count(self) -> int:
        """How many notes stand."""
        with self.database.transaction() as session:
            return len(session.execute(select(notes)).all())


def json_of(response: TestResponse) -> Any:
    """The JSON of an answer, which must be some."""
    assert response.json is not None, response.text
    return response.json


def signing_keys(kid: str = "signing-1") -> KeySet:
    """A fresh set of one key."""
    return KeySet([OKPKey.generate_key("Ed25519", {"kid": kid, "alg": "Ed25519", "use": "sig"})])
