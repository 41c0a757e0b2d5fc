"""Asks every cell of a matrix in a street, undoes what each request did, and keeps the answers."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final
from uuid import uuid4

from sqlalchemy.orm import Session
from werkzeug.test import Client, TestResponse

from contracts.vocabulary import Role
from services.chassis.actor import Actor
from services.chassis.api import Tenant
from services.chassis.database import Database
from services.chassis.postgres import EVERY_AGENCY
from tests.journey.field_lists import Fields, fields_of
from tests.journey.matrix import NOTHING_TO_ASK, Matrix, is_list, route_of
from tests.journey.route_map import BODIES, OPEN, OPERATIONS, ROUTES
from tests.journey.staff import coordinator_of, partner_of
from tests.journey.standing import MARKS, NOTE_MARK, Standing
from tests.journey.street import Street
from tests.journey.town import (
    ADMIN,
    COORDINATOR,
    MANAGER,
    OFFICER,
    OTHER_OFFICER,
    TRAINEE,
    partner,
    submission,
)

TOLD: Final = {"told_by": f"{NOTE_MARK} at the desk, by phone"}
# In these every role asks, and two of every other tenant; in the others whoever may, and one.
PLAIN: Final = "live"
# Some are for anybody: they name no role.
EVERY_ROUTE: Final = {**ROUTES, **OPEN, **OPERATIONS}
SUBMIT: Final = "POST /v1/referrals"
SERVICE: Final = Actor(subject="a-service", role=Role.SERVICE)


@dataclass(frozen=True, slots=True)
class Answer:
    """What one request was answered, in a standing or beside the matrix."""

    row: str
    role: Role
    status: int
    fields: Fields
    # The marks of planted texts that stand in it, and the ids of referrals where it is a list.
    marks: tuple[str, ...]
    listed: frozenset[str]
    standing: Standing | None = None
    stranger: bool = False
    # What whoever may call is answered, where it is not done.
    right: int | None = None

    @property
    def route(self) -> str:
        """The route that answered."""
        return route_of(self.row)

    def __str__(self) -> str:
        who = f"{self.role} of another tenant" if self.stranger else self.role
        return f"{self.status} for {who} in {self.standing or 'no standing'}: {self.row}"


@dataclass(frozen=True, slots=True)
class Undone:
    """A database on which every request sees what it did, and nobody else ever will."""

    real: Database

    @contextmanager
    def transaction(self, agency_id: str = EVERY_AGENCY) -> Iterator[Session]:
        """A session that is rolled back at the end."""
        with self.real.transaction(agency_id) as session:
            yield session
            session.rollback()


@dataclass(slots=True)
class Walk:
    """A street, asked in its own process: the routes answer as they do, and change nothing."""

    street: Street
    matrix: Matrix
    client: Client
    answers: list[Answer] = field(default_factory=list)
    lists: dict[tuple[str, Actor], Answer] = field(default_factory=dict)
    _tokens: dict[Actor, str] = field(default_factory=dict)

    def ask(
        self, who: Actor, row: str, path: str, body: Any, version: str = "1", **beside: Any
    ) -> Answer:
        """One request, whose answer is kept."""
        method = row.partition(" ")[0]
        headers = {"Authorization": f"Bearer {self._token(who)}"}
        sent: dict[str, Any] = {"headers": headers}
        if method != "GET":
            headers |= {"Idempotency-Key": str(uuid4()), "If-Match": f'"{version}"'}
            sent["json"] = body
        response = self.client.open(path, method=method, buffered=True, **sent)
        found = _kept(row, who, response, beside)
        self.answers.append(found)
        return found

    def _token(self, who: Actor) -> str:
        if who not in self._tokens:
            town = self.street.town
            self._tokens[who] = town.column.platform.tokens.issue(who, town.now())
        return self._tokens[who]


def _kept(row: str, who: Actor, response: TestResponse, beside: Mapping[str, Any]) -> Answer:
    said, text = response.json, response.text
    return Answer(
        row=row,
        role=who.role,
        status=response.status_code,
        fields=fields_of(said),
        marks=tuple(mark for mark in MARKS if mark in text),
        listed=_listed(said),
        **beside,
    )


def walk_all(street: Street, matrix: Matrix) -> Walk:
    """Ask every row in every standing, and what is beside them, as every role and tenant."""
    # Past the sockets, which have no say in who is answered what.
    walk = Walk(street, matrix, Client(street.column.suite.wsgi))
    with _undoing(street):
        for row, asked in matrix.beside.items():
            for words in asked:
                _ask_beside(walk, row, words)
        for standing in street.standings:
            for row in matrix.rows:
                _ask_cell(walk, row, standing)
    return walk


@contextmanager
def _undoing(street: Street) -> Iterator[None]:
    configs = [service.app.config for service in street.column.services]
    real = [config["HANDOFF_RUNTIME"] for config in configs]
    for config, runtime in zip(configs, real, strict=True):
        config["HANDOFF_RUNTIME"] = replace(runtime, database=Undone(runtime.database))
    yield
    for config, runtime in zip(configs, real, strict=True):
        config["HANDOFF_RUNTIME"] = runtime


def _ask_beside(walk: Walk, row: str, words: str) -> None:
    """``AGENCY PATH#VERSION ROLES =STATUS``: the roles that reach it, and how they are answered."""
    agency, where, *rest = words.split()
    ids = {**walk.street.ids, "now": walk.street.town.now().isoformat()}
    path, _, version = where.format(**ids).partition("#")
    said = filled(walk.matrix.body(row) or BODIES.get(route_of(row)) or _sent(row), ids)
    reaching = {Role(word) for word in rest if not word.startswith("=")} or frozenset(Role)
    right = next((int(word[1:]) for word in rest if word.startswith("=")), None)
    for who in _beside(walk.street, row, agency):
        stranger = who.role not in reaching
        walk.ask(who, row, path, said, version=version or "1", stranger=stranger, right=right)


def _beside(street: Street, row: str, agency: str) -> Iterable[Actor]:
    """One of each role."""
    unit = OFFICER.unit_id if row == SUBMIT else None
    staff = {
        Role.PARTNER: partner_of(street.ids, agency),
        Role.COORDINATOR: coordinator_of(street.ids, unit),
    }
    return {**actors(street.one(PLAIN, "acc")), **staff}.values()


def _sent(row: str) -> Any:
    return submission() if row == SUBMIT else {}


def _ask_cell(walk: Walk, row: str, standing: Standing) -> None:
    if is_list(row):
        for who in actors(standing).values():
            if (row, who) not in walk.lists:
                path = f"{row.partition(' ')[2]}?limit=200"
                walk.lists[row, who] = walk.ask(who, row, path, None)
    elif walk.matrix.answer(row, "", standing.variant, standing.column) != NOTHING_TO_ASK:
        path = address(row, standing.ids())
        for who, stranger in callers(row, standing):
            body = _body(walk.matrix, row, who.role, standing.ids())
            beside = {"standing": standing, "stranger": stranger}
            walk.ask(who, row, path, body, standing.version, **beside)


def callers(row: str, standing: Standing) -> Iterator[tuple[Actor, bool]]:
    """Who asks, and whether it is another tenant's."""
    roles = EVERY_ROUTE[route_of(row)]
    plain = standing.variant == PLAIN
    for role, who in actors(standing).items():
        if plain or (role in roles and not _on_behalf(row, role)):
            yield who, False
    for role, tenant in roles.items():
        found = strangers(standing, role, tenant)
        yield from ((who, True) for who in (found if plain else found[:1]))


def actors(standing: Standing) -> Mapping[Role, Actor]:
    """One caller of each role, those of a tenant being the standing's own."""
    return {
        Role.OFFICER: standing.officer,
        Role.PARTNER: standing.agency,
        Role.COORDINATOR: COORDINATOR,
        Role.MANAGER: MANAGER,
        Role.ADMIN: ADMIN,
        Role.SERVICE: SERVICE,
    }


def strangers(standing: Standing, role: Role, tenant: Tenant) -> list[Actor]:
    """Of other tenants: one who is near to the referral, then one who has no part in it."""
    if tenant is Tenant.ALL:
        return []
    if role is Role.PARTNER:
        return [partner(f"{standing.family}rival"), partner("elsewhere")]
    unit = OFFICER.unit_id if standing.officer is TRAINEE else TRAINEE.unit_id
    namesake = Actor(subject=standing.officer.subject, role=Role.OFFICER, unit_id=unit)
    return [namesake, OTHER_OFFICER]


def address(row: str, ids: Mapping[str, str]) -> str:
    """The path of a row with the ids in it."""
    path = route_of(row).partition(" ")[2]
    for name, value in ids.items():
        path = path.replace(f"<{name}>", value)
    return path


def _body(matrix: Matrix, row: str, role: Role, ids: Mapping[str, str]) -> Any:
    """What is sent: a coordinator says, too, who told them an agency's answer."""
    said = matrix.body(row) or BODIES.get(route_of(row), {})
    return filled(said, ids) | (TOLD if _on_behalf(row, role) else {})


def filled(body: Mapping[str, Any], ids: Mapping[str, str]) -> dict[str, Any]:
    """A body with the ids in it."""
    return {k: v.format(**ids) if isinstance(v, str) else v for k, v in body.items()}


def _on_behalf(row: str, role: Role) -> bool:
    return role is Role.COORDINATOR and row.startswith("POST /v1/offers/")


def _listed(said: Any) -> frozenset[str]:
    items = said.get("items", []) if isinstance(said, dict) else []
    ids = [(item.get("referral") or item).get("referral_id") for item in items]
    return frozenset(one for one in ids if one)
