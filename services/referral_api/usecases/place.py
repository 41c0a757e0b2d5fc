"""Place by hand: the coordinator names the program, and the matcher grants or refuses it."""

from contracts.problems import ConflictError, InvalidError
from contracts.vocabulary import ReferralState
from services.chassis.ids import uuid7
from services.referral_api.domain.referral import Step
from services.referral_api.store import directory
from services.referral_api.tables import Program, Refused
from services.referral_api.usecases.lifecycle import Command


def place(command: Command, program_id: str, note: str) -> None:
    """Open an attempt that names the program; a program that lapsed may be asked again.

    Raises InvalidError for a program that cannot take it, ConflictError for one that said no,
    that the person avoids, or that is being asked already.
    """
    _check_program(command, program_id)
    _check_wishes(command, program_id)
    lapsed = command.refusals.pop(program_id, None)
    if lapsed is not None:
        command.session.delete(lapsed)
    command.open_attempt(Step.PLACE, program_id)
    command.note(uuid7(command.now), note)
    command.publish("referral.place", program=program_id)


def _check_program(command: Command, program_id: str) -> None:
    program: Program | None = directory.programs(command.session, [program_id]).get(program_id)
    if program is None:
        raise InvalidError("program_id", "no program of the directory has this id")
    if not program.active:
        raise InvalidError("program_id", "this program is no longer active")
    if program.training != command.referral.training:
        raise InvalidError("program_id", "training referrals and training programs go together")


def _check_wishes(command: Command, program_id: str) -> None:
    refusal = command.refusals.get(program_id)
    if refusal is not None and refusal.kind is Refused.DECLINED:
        raise ConflictError("this program said no to this referral")
    if program_id in command.referral.avoided:
        raise ConflictError("the person asked not to be sent to this program; correct that first")
    asked = command.referral.hand_program == program_id
    if asked and command.referral.state is ReferralState.ROUTING:
        raise ConflictError("this program is being asked already")
