"""On behalf: a coordinator records what an agency said, and everybody can see that it was so."""

from contracts.problems import InvalidError
from contracts.vocabulary import Role
from services.chassis.ids import uuid7
from services.referral_api.usecases.offered import OfferCommand


def answer_for(on: OfferCommand, told_by: str | None) -> OfferCommand:
    """Let a coordinator's step count as the agency's; who told them is kept sealed.

    The step's events say so, the audit names the agency and where the text lies, and the agency
    is told. Raises InvalidError where a coordinator does not say who told them, or an agency,
    which answers for itself, does.
    """
    command = on.command
    if command.actor.role is Role.PARTNER:
        if told_by is not None:
            raise InvalidError("told_by", "leave it out: an agency answers for itself")
        return on
    if told_by is None:
        raise InvalidError("told_by", "say who of the agency told you, and how")
    command.answering, command.told_note = on.offer, uuid7(command.now)
    command.note(command.told_note, told_by)
    return on
