"""What a caller is shown of a program: to its agency, coordinators and admins, its halts too."""

from collections.abc import Iterable
from typing import Final

from contracts.vocabulary import Role
from services.chassis.api import Answer, Call
from services.matcher.domain.directory import Program
from services.matcher.routes.views import program_view
from services.matcher.store import capacity, silences

_OVERSEERS: Final = frozenset({Role.COORDINATOR, Role.ADMIN})


def shown(call: Call, program: Program) -> Answer:
    """One program, with the version of its entry."""
    stated = capacity.stated(call.session, [program.id]).get(program.id)
    lapses = insight(call, [program]).get(program.id)
    return Answer(program_view(program, stated, lapses, call.now()), version=program.version)


def insight(call: Call, programs: Iterable[Program]) -> dict[str, int]:
    """How many offers in a row lapsed at the agency of each program that the caller may know of."""
    actor = call.actor
    known = {
        program.id: program.agency_id
        for program in programs
        if actor.role in _OVERSEERS or actor.agency_id == program.agency_id
    }
    counts = silences.counts(call.session, set(known.values())) if known else {}
    return {program_id: counts.get(agency_id, 0) for program_id, agency_id in known.items()}
