"""Notices over HTTP: what was owed to whom, and what became of it."""

from contracts.bodies.notifier import NoticePage, NoticesQuery
from contracts.vocabulary import Role
from services.chassis.api import Api, Call, Contract, Tenant
from services.chassis.pages import Page
from services.notifier.store import notices
from services.notifier.store.notices import Wanted

api = Api("notices", __name__, description="What was owed to whom, and what became of it")


@api.route_for(
    "GET",
    "/v1/notices",
    {Role.COORDINATOR: Tenant.ALL, Role.ADMIN: Tenant.ALL},
    Contract(answer=NoticePage, query=NoticesQuery),
)
def list_notices(call: Call) -> Page:
    """Notices, oldest first; the recipient is an agency, the coordinator or one of the staff.

    Never an address.
    """
    query = call.query
    wanted = Wanted(referral_id=query["referral_id"], state=query["state"])
    return notices.page(call.session, wanted, query["after"], query["limit"])
