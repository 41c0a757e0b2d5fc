"""Where submitted referrals stand, once the matcher has answered for all of them."""

from collections import Counter
from typing import Final

from contracts.vocabulary import ReferralState
from services.cli.client import Client, ClientError
from services.cli.screen import Meter

COUNTED: Final = (ReferralState.OFFERED, ReferralState.WAITLISTED, ReferralState.UNPLACED)
PAUSE_S: Final = 0.5
PATIENCE_S: Final = 120.0


def standing(coordinator: Client, unit: str, sent: set[str], shown: Meter) -> Counter[str]:
    """How many of the referrals stand in each state, when none is being routed any more.

    Raises ClientError where some are still being routed and none moved for two minutes.
    """
    waited, before = 0.0, -1
    while True:
        states = _states(coordinator, unit, sent)
        routing = states.get(ReferralState.ROUTING, 0)
        shown.show(len(sent) - routing, len(sent), f"{routing} being routed")
        if routing == 0:
            return states
        waited = waited + PAUSE_S if routing == before else 0.0
        if waited > PATIENCE_S:
            raise ClientError(f"{routing} referrals are still being routed: see handoff doctor")
        before = routing
        coordinator.pause(PAUSE_S)


def _states(coordinator: Client, unit: str, sent: set[str]) -> Counter[str]:
    listed = coordinator.items("/v1/referrals", unit_id=unit)
    return Counter(entry["state"] for entry in listed if entry["referral_id"] in sent)
