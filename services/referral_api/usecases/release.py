"""Release: what a coordinator had who left is nobody's again."""

from services.referral_api.store import leavers, worklist
from services.referral_api.store.worklist import Wanted
from services.referral_api.usecases.lifecycle import Command


def release(command: Command) -> int:
    """Take an item from whoever left; 0 where somebody else took it before, or nobody need."""
    session, referral_id = command.session, command.referral.id
    item = worklist.find(session, referral_id)
    if item is None or item.assigned_to is None:
        return 0
    if not leavers.has_left(session, item.assigned_to):
        return 0
    theirs = Wanted(anybodys=False, of=item.assigned_to)
    worklist.assign(session, [referral_id], theirs, None)
    command.publish("worklist.release", taken_from=item.assigned_to)
    return 1
