"""The officers' firewall in figures: what each kind of refused attempt means."""

from collections.abc import Mapping
from typing import Final

from contracts.vocabulary import RefusedAttempt

KINDS: Final[Mapping[RefusedAttempt, str]] = {
    RefusedAttempt.ROLE: "requests to an address that is for other roles",
    RefusedAttempt.TENANT: "requests for a referral that another officer submitted, or that is "
    "not there: the answer is the same",
    RefusedAttempt.SEARCH: "lists of referrals asked for with a filter that officers do not have",
    RefusedAttempt.UNKNOWN_ADDRESS: "requests to addresses that do not exist, such as a search",
    RefusedAttempt.METHOD: "methods that an address does not take",
}
NOTES: Final = (
    "counted by the month (UTC) of the attempt, for requests with a valid token of an officer",
    "counts only: no officer, no unit and no referral is named or kept with them",
    "a minute is counted when it is over; training units stand apart",
)
