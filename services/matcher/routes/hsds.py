"""HTTP: the directory by the routes and in the shapes of an HSDS API."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

import flask
from marshmallow import Schema

from contracts.bodies.hsds import (
    SCHEMAS,
    HsdsBase,
    HsdsOrganizationQuery,
    HsdsOrganizationsQuery,
    HsdsPlacesQuery,
    HsdsQuery,
    HsdsServicesQuery,
    HsdsTermsQuery,
    OrganizationFull,
    ServiceAtLocationFull,
    ServiceEntry,
    page_of,
)
from contracts.vocabulary import Role
from services.chassis.api import Api, Call, Contract, Tenant
from services.matcher.domain.listing import Kind
from services.matcher.store.listings import Cut, Wanted
from services.matcher.usecases.serve_directory import Detail, list_entries, read_entry

View = Callable[[Call], dict[str, Any]]

PREFIX: Final = "/v1/hsds"
VERSION: Final = "3.1"
PROFILE: Final = "https://docs.openreferral.org/en/latest/hsds/"
# Whoever has a token, though HSDS asks for none: lines for handoffs are not for everybody. Officers
# have the programs; nothing that they may call has a search in it.
READERS: Final[dict[Role, Tenant]] = {role: Tenant.ALL for role in Role if role is not Role.OFFICER}


def hsds_api() -> Api:
    """The routes under /v1/hsds."""
    api = Api("hsds", __name__)
    _add_base(api)
    _add_services(api)
    _add_organizations(api)
    _add_places(api)
    _add_words(api)
    return api


def _add_base(api: Api) -> None:
    @api.route_for("GET", f"{PREFIX}/", READERS, Contract(answer=HsdsBase))
    def read_hsds(call: Call) -> dict[str, Any]:
        """Which version of HSDS is served, and where it is described."""
        del call
        document = f"{flask.request.host_url}docs/matcher.json"
        return {"version": VERSION, "profile": PROFILE, "openapi_url": document}


def _add_services(api: Api) -> None:
    path = f"{PREFIX}/services"
    answer = page_of(ServiceEntry, "Service")

    @_listed(api, path, Contract(answer=answer, query=HsdsServicesQuery))
    def list_hsds_services(call: Call) -> dict[str, Any]:
        """The services of the directory."""
        detail = Detail(full=call.query["full"], minimal=call.query["minimal"])
        return _page(call, Kind.SERVICE, detail)

    @api.route_for("GET", f"{path}/<uuid:entry_id>", READERS, Contract(answer=SCHEMAS["service"]))
    def read_hsds_service(call: Call, entry_id: UUID) -> dict[str, Any]:
        """One service with everything that belongs to it."""
        return read_entry(call.session, Kind.SERVICE, str(entry_id), Detail(full=True))


def _add_organizations(api: Api) -> None:
    path = f"{PREFIX}/organizations"
    answer = page_of(OrganizationFull, "Organization")

    @_listed(api, path, Contract(answer=answer, query=HsdsOrganizationsQuery))
    def list_hsds_organizations(call: Call) -> dict[str, Any]:
        """The organizations of the directory."""
        asked = call.query
        detail = Detail(full=asked["full"], with_services=asked["full_service"])
        return _page(call, Kind.ORGANIZATION, detail)

    @api.route_for(
        "GET",
        f"{path}/<uuid:entry_id>",
        READERS,
        Contract(answer=OrganizationFull, query=HsdsOrganizationQuery),
    )
    def read_hsds_organization(call: Call, entry_id: UUID) -> dict[str, Any]:
        """One organization with everything that belongs to it."""
        detail = Detail(full=True, with_services=call.query["full_service"])
        return read_entry(call.session, Kind.ORGANIZATION, str(entry_id), detail)


def _add_places(api: Api) -> None:
    path = f"{PREFIX}/service_at_locations"
    answer = page_of(ServiceAtLocationFull, "ServiceAtLocation")

    @_listed(api, path, Contract(answer=answer, query=HsdsPlacesQuery))
    def list_hsds_places(call: Call) -> dict[str, Any]:
        """Which service is at which location."""
        return _page(call, Kind.SERVICE_AT_LOCATION, Detail(full=call.query["full"]))

    @api.route_for(
        "GET", f"{path}/<uuid:entry_id>", READERS, Contract(answer=ServiceAtLocationFull)
    )
    def read_hsds_place(call: Call, entry_id: UUID) -> dict[str, Any]:
        """One service at one location."""
        return read_entry(call.session, Kind.SERVICE_AT_LOCATION, str(entry_id), Detail(full=True))


def _add_words(api: Api) -> None:
    """Taxonomies and their terms."""

    @_listed(api, f"{PREFIX}/taxonomies", _listing("taxonomy", "Taxonomy", HsdsQuery))
    def list_hsds_taxonomies(call: Call) -> dict[str, Any]:
        """The taxonomies of the directory."""
        return _page(call, Kind.TAXONOMY, Detail())

    @api.route_for(
        "GET",
        f"{PREFIX}/taxonomies/<uuid:entry_id>",
        READERS,
        Contract(answer=SCHEMAS["taxonomy"]),
    )
    def read_hsds_taxonomy(call: Call, entry_id: UUID) -> dict[str, Any]:
        """One taxonomy."""
        return read_entry(call.session, Kind.TAXONOMY, str(entry_id), Detail())

    @_listed(api, f"{PREFIX}/taxonomy_terms", _listing("taxonomy_term", "Term", HsdsTermsQuery))
    def list_hsds_terms(call: Call) -> dict[str, Any]:
        """The terms that services of the directory have."""
        return _page(call, Kind.TAXONOMY_TERM, Detail())

    @api.route_for(
        "GET",
        f"{PREFIX}/taxonomy_terms/<uuid:entry_id>",
        READERS,
        Contract(answer=SCHEMAS["taxonomy_term"]),
    )
    def read_hsds_term(call: Call, entry_id: UUID) -> dict[str, Any]:
        """One term."""
        return read_entry(call.session, Kind.TAXONOMY_TERM, str(entry_id), Detail())


def _listed(api: Api, path: str, contract: Contract) -> Callable[[View], View]:
    """A list, which HSDS lets one ask for by GET and by POST alike; neither changes anything."""

    def register(view: View) -> View:
        def search(call: Call) -> dict[str, Any]:
            return view(call)

        search.__doc__, search.__name__ = view.__doc__, view.__name__.replace("list", "search", 1)
        search.__module__ = view.__module__
        api.route_for("GET", path, READERS, contract)(view)
        api.route_for("POST", path, READERS, replace(contract, keeps_answer=False))(search)
        return view

    return register


def _listing(entity: str, title: str, query: type[Schema]) -> Contract:
    return Contract(answer=page_of(SCHEMAS[entity], title), query=query)


def _page(call: Call, kind: Kind, detail: Detail) -> dict[str, Any]:
    asked = call.query
    cut = Cut(asked["page"], asked["per_page"])
    served = list_entries(call.session, _wanted(kind, asked), cut, detail)
    pages = -(-served.total // cut.size)
    return {
        "total_items": served.total,
        "total_pages": pages,
        "page_number": cut.number,
        "size": len(served.contents),
        "first_page": cut.number == 1,
        "last_page": cut.number >= pages,
        "empty": not served.contents,
        "contents": served.contents,
    }


def _wanted(kind: Kind, asked: dict[str, Any]) -> Wanted:
    ids = {
        name: str(asked[column]) if asked.get(column) else None
        for name, column in (
            ("agency", "organization_id"),
            ("term", "taxonomy_term_id"),
            ("taxonomy", "taxonomy_id"),
        )
    }
    changed = asked.get("modified_after")
    return Wanted(kind=kind, search=asked["search"], modified_after=changed, **ids)
