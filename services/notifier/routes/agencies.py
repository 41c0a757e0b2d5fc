"""Which agency a path names, if it is the caller's to see."""

import re
from typing import Final

from contracts.problems import InvalidError, NotFoundError
from services.chassis.api import Call, Tenant
from services.notifier.domain.notices import COORDINATOR

_ID: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}")
_RIGHT_ID: Final = (
    "1 to 80 of a-z, 0-9, '.', '_', '-', beginning with a letter or digit; "
    f"'{COORDINATOR}' is taken"
)


def seen(call: Call, agency_id: str) -> str:
    """The agency, if it is the caller's to see; raises NotFoundError or InvalidError."""
    if call.tenant is Tenant.OWN_AGENCY and call.actor.agency_id != agency_id:
        raise NotFoundError("agency")
    if agency_id == COORDINATOR or not _ID.fullmatch(agency_id):
        raise InvalidError("agency_id", _RIGHT_ID)
    return agency_id
