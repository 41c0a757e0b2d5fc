"""Gate: every route states its roles, its body contract and what it answers."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import flask
import pytest
from marshmallow import Schema, fields
from openapi_spec_validator import OpenAPIV31SpecValidator

from contracts.evolution import Json
from contracts.topics import Service
from contracts.vocabulary import Role
from services.chassis.api import Api, Contract, Runtime, Tenant, access_of, guarded
from services.chassis.http import Site, create_app, document_of
from services.chassis.service import WiredService
from services.cli import contracts

TAKES_A_BODY: Final = {"POST", "PUT", "PATCH"}
# HSDS asks its lists by POST as by GET: what is asked for stands in the address.
BODILESS: Final = frozenset(
    f"POST /v1/hsds/{name}"
    for name in (
        "services",
        "organizations",
        "service_at_locations",
        "taxonomies",
        "taxonomy_terms",
    )
)
# What stands in for a token is in the body of these.
OPEN_TO_ANYBODY: Final = frozenset({"POST /v1/invitations/redeem"})
ADMIN: Final = {Role.ADMIN: Tenant.ALL}
ROLES: Final = {role.value for role in Role}


def routes(app: flask.Flask) -> Iterator[tuple[str, str, str]]:
    """Each route as (method, its rule in OpenAPI's spelling, its endpoint)."""
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(?:[^:>]+:)?([^>]+)>", r"{\1}", rule.rule)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield method, path, rule.endpoint


def route_faults(app: flask.Flask) -> list[str]:
    """What a route of an app leaves unsaid."""
    document = document_of(app)
    found = []
    for method, path, endpoint in routes(app):
        operation = document["paths"].get(path, {}).get(method.lower())
        said = ["it is not in the API document"]
        if operation is not None:
            said = [
                *access_faults(app, endpoint, operation, f"{method} {path}"),
                *body_faults(f"{method} {path}", operation),
                *answer_faults(operation),
            ]
        found += [f"{method} {path}: {fault}" for fault in said]
    return found


def access_faults(app: flask.Flask, endpoint: str, operation: Json, route: str) -> list[str]:
    """The roles that are enforced must be some, known, and those that are published."""
    access = access_of(app.view_functions[endpoint])
    enforced = {} if access is None else {r.value: t.value for r, t in access.roles.items()}
    if not enforced and route not in OPEN_TO_ANYBODY:
        return ["it has no role"]
    return [] if operation.get("x-roles") == enforced else ["it publishes other roles"]


def body_faults(route: str, operation: Json) -> list[str]:
    """A route that writes has a body contract, or is declared bodiless."""
    needs = route.partition(" ")[0] in TAKES_A_BODY and route not in BODILESS
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    return ["it has no body contract"] if needs and not content.get("schema") else []


def answer_faults(operation: Json) -> list[str]:
    """Every answer that is no problem has a schema."""
    good = {k: v for k, v in operation["responses"].items() if str(k).startswith("2")}
    bare = [k for k, v in good.items() if not schema_of(v)]
    return [f"its answer {k} has no schema" for k in bare] if good else ["it has no good answer"]


def schema_of(answer: Json) -> Any:
    return answer.get("content", {}).get("application/json", {}).get("schema")


class Song(Schema):
    """A body."""

    title = fields.String(required=True)


def app_with(runtime: Runtime, tokens: Any, *declared: tuple[str, Contract]) -> flask.Flask:
    """An app of the chassis with routes /v1/songs as declared."""
    api = Api("songs", "songs", url_prefix="/v1/songs")
    for number, (method, contract) in enumerate(declared):

        def view(call: Any) -> Any:
            """Sing."""
            return call.body

        view.__name__ = f"sing_{number}"
        api.route_for(method, f"/{number}", ADMIN, contract)(view)
    return create_app(Site("songs", "Songs", [api]), runtime, tokens)


@pytest.fixture
def stage(services: list[WiredService]) -> tuple[Runtime, Any]:
    """What a small app needs; none of its routes is called."""
    runtime: Runtime = services[0].app.config["HANDOFF_RUNTIME"]
    return runtime, None


def test_every_route_states_its_roles_its_body_and_its_answer(
    services: list[WiredService],
) -> None:
    assert [fault for service in services for fault in route_faults(service.app)] == []


def test_every_service_has_routes_and_only_below_its_own_prefixes(
    services: list[WiredService],
) -> None:
    for service in services:
        paths = [path for _, path, _ in routes(service.app)]
        assert paths
        assert all(path.startswith(tuple(service.prefixes)) for path in paths)


def test_no_two_services_own_the_same_prefix(services: list[WiredService]) -> None:
    owned = [prefix for service in services for prefix in service.prefixes]
    assert len(owned) == len(set(owned))


def test_no_route_is_declared_bodiless_that_is_not_there(services: list[WiredService]) -> None:
    there = {f"{m} {p}" for service in services for m, p, _ in routes(service.app)}
    assert there >= BODILESS | OPEN_TO_ANYBODY


def test_a_route_that_is_open_to_anybody_says_that_it_needs_no_token(
    services: list[WiredService],
) -> None:
    found = {
        f"{method.upper()} {path}"
        for service in services
        for path, operations in document_of(service.app)["paths"].items()
        for method, operation in operations.items()
        if isinstance(operation, dict) and operation.get("security") == []
    }
    assert found == OPEN_TO_ANYBODY


def test_a_route_in_order_has_no_fault(stage: tuple[Runtime, Any]) -> None:
    app = app_with(*stage, ("POST", Contract(answer=Song, status=201, body=Song)))
    assert route_faults(app) == []


def test_a_route_without_its_body_contract_is_found(stage: tuple[Runtime, Any]) -> None:
    app = app_with(
        *stage, *[(method, Contract(answer=Song)) for method in ("POST", "PUT", "PATCH", "GET")]
    )
    assert route_faults(app) == [
        "POST /v1/songs/0: it has no body contract",
        "PUT /v1/songs/1: it has no body contract",
        "PATCH /v1/songs/2: it has no body contract",
    ]


def test_a_route_beside_the_chassis_is_refused_at_the_start(stage: tuple[Runtime, Any]) -> None:
    api = Api("songs", "songs", url_prefix="/v1/songs")
    api.add_url_rule("/loose", endpoint="loose", view_func=lambda: "la", methods=["GET"])
    with pytest.raises(ValueError, match=r"routes without declared roles: songs\.loose"):
        create_app(Site("songs", "Songs", [api]), *stage)


def test_a_route_that_is_open_to_anybody_or_undocumented_is_found(
    stage: tuple[Runtime, Any],
) -> None:
    app = app_with(*stage)
    app.add_url_rule("/v1/loose", view_func=guarded({})(lambda: "la"), endpoint="loose")
    assert route_faults(app) == ["GET /v1/loose: it is not in the API document"]


def test_a_route_without_a_role_is_found(stage: tuple[Runtime, Any]) -> None:
    app = app_with(*stage, ("GET", Contract(answer=Song)))
    guarded({})(app.view_functions["songs.test_routes_sing_0"])
    assert route_faults(app) == ["GET /v1/songs/0: it has no role"]


def test_a_route_that_publishes_other_roles_than_it_enforces_is_found(
    stage: tuple[Runtime, Any],
) -> None:
    app = app_with(*stage, ("GET", Contract(answer=Song)))
    guarded({Role.OFFICER: Tenant.ALL})(app.view_functions["songs.test_routes_sing_0"])
    assert route_faults(app) == ["GET /v1/songs/0: it publishes other roles"]


@pytest.mark.parametrize(
    ("responses", "fault"),
    [
        ({"200": {"description": "OK"}}, "its answer 200 has no schema"),
        ({"default": {"description": "problem"}}, "it has no good answer"),
    ],
)
def test_an_answer_without_a_schema_is_found(responses: Mapping[str, Json], fault: str) -> None:
    assert answer_faults({"responses": responses}) == [fault]


def test_the_api_documents_are_valid_openapi(services: list[WiredService]) -> None:
    for service in services:
        OpenAPIV31SpecValidator(document_of(service.app)).validate()


def test_the_api_documents_name_only_roles_of_the_vocabulary(
    services: list[WiredService],
) -> None:
    for service in services:
        for path in document_of(service.app)["paths"].values():
            for operation in path.values():
                if isinstance(operation, dict):
                    assert set(operation["x-roles"]) <= ROLES


def test_every_error_is_published_as_a_problem(services: list[WiredService]) -> None:
    for service in services:
        document = document_of(service.app)
        assert "Problem" in document["components"]["schemas"]
        for answer in document["components"]["responses"].values():
            assert list(answer["content"]) == ["application/problem+json"]


def test_a_document_that_is_no_openapi_is_found(services: list[WiredService]) -> None:
    document = dict(document_of(services[0].app))
    del document["info"]
    assert list(OpenAPIV31SpecValidator(document).iter_errors())


def patterns(part: Any) -> Iterator[str]:
    """Every regular expression in a document."""
    if isinstance(part, dict):
        for name, value in part.items():
            yield from [value] if name == "pattern" else patterns(value)
    elif isinstance(part, list):
        for value in part:
            yield from patterns(value)


@pytest.mark.parametrize("name", sorted(Service))
def test_the_patterns_published_mean_the_same_to_every_client(
    services: list[WiredService], name: Service
) -> None:
    (service,) = (service for service in services if service.name == name)
    assert [text for text in patterns(document_of(service.app)) if only_python_reads(text)] == []


def only_python_reads(pattern: str) -> bool:
    """Whether a pattern uses what ECMA 262, the dialect of JSON Schema, does not know."""
    return any(part in pattern for part in (r"\A", r"\Z", "(?P", "(?#", "(?i)"))


def test_a_pattern_that_only_python_reads_is_found() -> None:
    found = [*patterns({"schema": {"pattern": r"^x\Z"}, "more": [{"pattern": "^x$"}]})]
    assert [only_python_reads(text) for text in found] == [True, False]


def test_the_committed_documents_are_the_ones_checked_here(
    services: list[WiredService],
) -> None:
    for service in services:
        path = contracts.FOLDER / f"schemas/openapi/{service.name}.json"
        committed = path.read_text(encoding="utf-8")
        assert committed == contracts.text_of(document_of(service.app))


# How somebody would ask for a person; a filter that coordinators have is refused to officers.
PERSON_SHAPED: Final = re.compile(
    r"name|phone|mail|birth|dob|\bage\b|address|place|lat|lon|near|person|who|query|search|text|note"
    r"|^q$|gender|race|plate|ssn|incident|case"
)


def person_shaped(document: dict[str, Json]) -> list[str]:
    """The query parameters of officers' routes by which a person could be looked for."""
    return [
        f"{method} {path}: {parameter['name']}"
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if isinstance(operation, dict) and Role.OFFICER in operation.get("x-roles", {})
        for parameter in operation.get("parameters", [])
        if parameter.get("in") == "query" and PERSON_SHAPED.search(parameter["name"])
    ]


def test_no_officers_route_takes_a_parameter_that_looks_for_a_person(
    services: list[WiredService],
) -> None:
    assert [found for each in services for found in person_shaped(document_of(each.app))] == []


def test_a_parameter_that_looks_for_a_person_is_found() -> None:
    asked = {"in": "query", "name": "last_name"}
    listed = {"x-roles": {"officer": "own_submission"}, "parameters": [asked]}
    other = {"x-roles": {"coordinator": "all"}, "parameters": [asked]}
    document: dict[str, Any] = {"paths": {"/v1/referrals": {"get": listed, "put": other}}}
    assert person_shaped(document) == ["get /v1/referrals: last_name"]
