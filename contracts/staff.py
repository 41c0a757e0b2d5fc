"""The closed word list of staff: how somebody stands who was invited to a role."""

from enum import StrEnum


class StaffState(StrEnum):
    """Whoever comes back after leaving is invited anew."""

    INVITED = "invited"
    ACTIVE = "active"
    LEFT = "left"
    WITHDRAWN = "withdrawn"
