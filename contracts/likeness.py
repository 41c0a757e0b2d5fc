"""The words of duplicates: by what two referrals seem to be of one person, and what was said of it.

No other list of words says anything of two referrals at once; nobody but a coordinator reads these.
"""

from enum import StrEnum


class Likeness(StrEnum):
    """By what two referrals seem to be of the same person."""

    SAME_NAME = "same_name"
    SIMILAR_NAME = "similar_name"
    SAME_PHONE = "same_phone"
    SAME_EMAIL = "same_email"


class DuplicateState(StrEnum):
    """What a coordinator said of two referrals that seem to be of one person."""

    OPEN = "open"
    SAME = "same"
    DIFFERENT = "different"
