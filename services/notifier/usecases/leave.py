"""Leave: somebody's access ends, and what was theirs to read goes to the others."""

from contracts.staff import StaffState
from contracts.vocabulary import Role
from services.chassis import ended_access
from services.chassis.ended_access import Ended
from services.notifier.domain.duty import Duty
from services.notifier.domain.staff import Details, Step, advance
from services.notifier.store import staff
from services.notifier.tables import StaffRow
from services.notifier.usecases.act import Act
from services.notifier.usecases.end_access import end_of_leaver
from services.notifier.usecases.reach import tell_if_unreachable
from services.notifier.usecases.redeem import actor_of


def leave(act: Act, row: StaffRow, *, for_ever: bool) -> None:
    """End a post: tokens of that subject there are refused, later ones too where ``for_ever``.

    Where an admin had them refused for ever they stay so, whatever is asked here.
    The name stays, so that the audit can be read; how to reach them is forgotten. Raises
    ConflictError for who does not work there.
    """
    row.state = advance(StaffState(row.state), Step.LEAVE)
    row.left_at = act.now
    act.set_details(row, Details(name=act.details(row).name))
    staff.set_duty(row, Duty(everyday=False))
    act.changed(row, "staff.left", for_ever=for_ever)
    act.session.flush()
    access_id = ended_access.of_actor(actor_of(row))
    ended = Ended(access_id=access_id, ended_at=act.now, for_ever=for_ever)
    # Coordinators alone have items of the worklist: of nobody else is there anything to take back.
    end_of_leaver(act.session, ended, act.actor, left=row.role == Role.COORDINATOR)
    tell_if_unreachable(act.session, row.agency_id, act.now)
