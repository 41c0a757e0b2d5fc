"""Place by hand: the coordinator names the program; the matcher grants it, or the hand insists."""

from contracts.events.routing import Choice
from contracts.problems import ConflictError, InvalidError
from contracts.vocabulary import PROTECTED_NEEDS, SECTOR_OF, ReferralState
from services.chassis.ids import uuid7
from services.referral_api.domain.offer import Refused
from services.referral_api.domain.referral import Step
from services.referral_api.store import consents, directory
from services.referral_api.tables import Program, Referral
from services.referral_api.usecases.lifecycle import Command
from services.referral_api.usecases.make_offer import make_offer
from services.referral_api.usecases.record_consent import recipients


def place(command: Command, program_id: str, note: str) -> None:
    """Open an attempt that names the program; a program that lapsed may be asked again.

    Raises InvalidError for a program that cannot take it, ConflictError for one that said no,
    that the person avoids, or that is being asked already.
    """
    _checked_program(command, program_id)
    _check_wishes(command, program_id)
    _check_not_asked(command, program_id)
    _open_by_hand(command, program_id, note)
    command.publish("referral.place", program=program_id)


def insist(command: Command, program_id: str, note: str) -> None:
    """Offer beyond the places that the program stated, in this very command.

    The offer is marked, takes none of the stated places, and is counted in the outcomes. What else
    binds a placement by hand binds this one, too: raises InvalidError and ConflictError as
    ``place`` does, and also where the program is paused or does not serve the need.
    """
    program = _checked_program(command, program_id)
    _check_open_to(program, command.referral)
    _check_wishes(command, program_id)
    _open_by_hand(command, program_id, note)
    command.move(Step.OFFER)
    choice = Choice(
        program_id=program_id, agency_id=program.agency_id, directory_version=program.version
    )
    make_offer(command, choice, over_capacity=True)
    command.publish("referral.insist", program=program_id, agency=program.agency_id)


def _open_by_hand(command: Command, program_id: str, note: str) -> None:
    lapsed = command.refusals.pop(program_id, None)
    if lapsed is not None:
        command.session.delete(lapsed)
    command.open_attempt(Step.PLACE, program_id)
    command.note(uuid7(command.now), note)


def _checked_program(command: Command, program_id: str) -> Program:
    program: Program | None = directory.programs(command.session, [program_id]).get(program_id)
    if program is None:
        raise InvalidError("program_id", "no program of the directory has this id")
    if not program.active:
        raise InvalidError("program_id", "this program is no longer active")
    if program.training != command.referral.training:
        raise InvalidError("program_id", "training referrals and training programs go together")
    _check_protected(program, command.referral)
    _check_named(command, program)
    return program


def _check_named(command: Command, program: Program) -> None:
    consent = consents.newest(command.session, command.referral.id)
    if not recipients(consent).include(program.agency_id):
        raise ConflictError("the person's consent names other agencies; record a new one first")


def _check_protected(program: Program, referral: Referral) -> None:
    """Whoever flees from violence is told of to nobody who does not help with that."""
    if referral.need in PROTECTED_NEEDS and referral.need not in (program.needs or ()):
        raise InvalidError("program_id", "a protected need goes only to a program that serves it")


def _check_open_to(program: Program, referral: Referral) -> None:
    """What the matcher would have judged; a copy that does not tell the sector is let pass."""
    if program.paused:
        raise InvalidError("program_id", "this program is paused; ask it to resume first")
    if program.sector not in {None, SECTOR_OF[referral.need]}:
        raise InvalidError("program_id", f"this program is in another sector: {program.sector}")


def _check_wishes(command: Command, program_id: str) -> None:
    refusal = command.refusals.get(program_id)
    if refusal is not None and refusal.kind is Refused.DECLINED:
        raise ConflictError("this program said no to this referral")
    if program_id in command.referral.avoided:
        raise ConflictError("the person asked not to be sent to this program; correct that first")


def _check_not_asked(command: Command, program_id: str) -> None:
    """Insisting may follow at once: it answers what is being asked."""
    asked = command.referral.hand_program == program_id
    if asked and command.referral.state is ReferralState.ROUTING:
        raise ConflictError("this program is being asked already")
