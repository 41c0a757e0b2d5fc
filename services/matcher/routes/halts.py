"""HTTP: agencies and programs pause, resume, close for good, and open again."""

from collections.abc import Callable
from typing import Any, Final

from contracts.bodies.matcher import ProgramView
from contracts.bodies.shared import Nothing
from contracts.bodies.waiting import AgencyPage, AgencyPauseBody, AgencyView, PauseBody
from contracts.problems import NotFoundError
from contracts.vocabulary import Role
from services.chassis.api import Answer, Api, Call, Contract, Tenant
from services.chassis.pages import PageQuery
from services.matcher.domain.directory import Agency
from services.matcher.domain.halt import Halt, Kind, Scope, Target
from services.matcher.routes.shown import shown
from services.matcher.store import directory, halts, silences
from services.matcher.store.journal import take_turn
from services.matcher.usecases import halt
from services.matcher.usecases.halt import By

ADMIN: Final = {Role.ADMIN: Tenant.ALL}
OPERATORS: Final = {Role.PARTNER: Tenant.OWN_AGENCY, Role.COORDINATOR: Tenant.ALL} | ADMIN
_PROGRAM: Final = "/v1/programs/<program_id>"
# Not under /v1/agencies: that address is the notifier's.
_AGENCY: Final = "/v1/directory/agencies/<agency_id>"


def halts_api() -> Api:
    """The steps under /v1/programs and /v1/directory/agencies, and the list of agencies."""
    api = Api("halts", __name__)
    _add_reading(api)
    _add_program_steps(api)
    _add_agency_steps(api)
    return api


def _add_reading(api: Api) -> None:
    contract = Contract(answer=AgencyPage, query=PageQuery)

    @api.route_for("GET", "/v1/directory/agencies", OPERATORS, contract)
    def list_agencies(call: Call) -> dict[str, Any]:
        """The agencies by id, and whether they take referrals; a partner sees its own."""
        own = [call.actor.agency_id] if call.actor.agency_id else []
        query = call.query
        page = directory.agencies_page(call.session, own, query["after"], query["limit"])
        return {"items": _agencies(call, page.items), "next": page.next}


def _add_program_steps(api: Api) -> None:
    plain = Contract(answer=ProgramView, body=Nothing)
    pause = Contract(answer=ProgramView, body=PauseBody)

    @api.route_for("POST", f"{_PROGRAM}/pause", OPERATORS, pause)
    def pause_program(call: Call, program_id: str) -> Answer:
        """Take no referrals for a while; open offers go to other programs."""
        return _on_program(call, program_id, _pause(call))

    @api.route_for("POST", f"{_PROGRAM}/resume", OPERATORS, plain)
    def resume_program(call: Call, program_id: str) -> Answer:
        """Take referrals again."""
        return _on_program(call, program_id, halt.resume)

    @api.route_for("POST", f"{_PROGRAM}/close", ADMIN, plain)
    def close_program(call: Call, program_id: str) -> Answer:
        """Take no referrals any more; those accepted go to the coordinator."""
        return _on_program(call, program_id, halt.close)

    @api.route_for("POST", f"{_PROGRAM}/reopen", ADMIN, plain)
    def reopen_program(call: Call, program_id: str) -> Answer:
        """Undo a closing."""
        return _on_program(call, program_id, halt.reopen)


def _add_agency_steps(api: Api) -> None:
    plain = Contract(answer=AgencyView, body=Nothing)
    pause = Contract(answer=AgencyView, body=AgencyPauseBody)

    @api.route_for("POST", f"{_AGENCY}/pause", OPERATORS, pause)
    def pause_agency(call: Call, agency_id: str) -> dict[str, Any]:
        """Take no referrals in any program for a while; open offers go to other agencies."""
        return _on_agency(call, agency_id, _pause(call))

    @api.route_for("POST", f"{_AGENCY}/resume", OPERATORS, plain)
    def resume_agency(call: Call, agency_id: str) -> dict[str, Any]:
        """Take referrals again, but in programs that are paused themselves."""
        return _on_agency(call, agency_id, halt.resume)

    @api.route_for("POST", f"{_AGENCY}/close", ADMIN, plain)
    def close_agency(call: Call, agency_id: str) -> dict[str, Any]:
        """Take no referrals in any program any more; those accepted go to the coordinator."""
        return _on_agency(call, agency_id, halt.close)

    @api.route_for("POST", f"{_AGENCY}/reopen", ADMIN, plain)
    def reopen_agency(call: Call, agency_id: str) -> dict[str, Any]:
        """Undo a closing."""
        return _on_agency(call, agency_id, halt.reopen)


def _pause(call: Call) -> Callable[[By], None]:
    return lambda by: halt.pause(by, call.body["reason"], call.body["until"])


def _on_program(call: Call, program_id: str, step: Callable[[By], None]) -> Answer:
    _take(call, Target(Scope.PROGRAM, program_id), step)
    program = directory.program(call.session, program_id)
    if program is None:
        raise NotFoundError("program")
    return shown(call, program)


def _on_agency(call: Call, agency_id: str, step: Callable[[By], None]) -> dict[str, Any]:
    _take(call, Target(Scope.AGENCY, agency_id), step)
    page = directory.agencies_page(call.session, [agency_id], None, 1)
    return _agencies(call, page.items)[0]


def _take(call: Call, target: Target, step: Callable[[By], None]) -> None:
    take_turn(call.session)
    step(By(call.session, call.now(), call.actor, target))


def _agencies(call: Call, found: Any) -> list[dict[str, Any]]:
    ids = [agency.id for agency in found]
    stopped, lapses = halts.of_agencies(call.session, ids), silences.counts(call.session, ids)
    own = {a.id: stopped.get(Target(Scope.AGENCY, a.id), []) for a in found}
    return [_agency_view(agency, own[agency.id], lapses.get(agency.id, 0)) for agency in found]


def _agency_view(agency: Agency, stopped: list[Halt], lapses: int) -> dict[str, Any]:
    kinds = {halt.kind: halt for halt in stopped}
    paused = kinds.get(Kind.PAUSE)
    return {
        "agency_id": agency.id,
        "name": agency.name,
        "active": Kind.CLOSING not in kinds,
        "paused": paused is not None,
        "paused_because": paused.because if paused else None,
        "paused_since": paused.since if paused else None,
        "paused_until": paused.until if paused else None,
        "lapses_in_a_row": lapses,
    }
