"""What brings a referral into the coordinators' worklist, and what ends each reason."""

from collections.abc import Iterable, Mapping
from typing import Final

from contracts.vocabulary import Attention, ReferralState
from services.referral_api.domain.referral import OPEN, SEEKING, Step

_SOUGHT: Final = frozenset({*SEEKING, ReferralState.OFFERED})

# A reason ends when the referral comes into a state that is not named here. The steps of usecases
# that end a reason earlier, such as a recorded contact, settle it themselves.
STANDS_IN: Final[Mapping[Attention, frozenset[ReferralState]]] = {
    Attention.UNPLACED: frozenset({ReferralState.UNPLACED}),
    Attention.WAITLISTED: frozenset({ReferralState.WAITLISTED}),
    # Until a program has the person, however often the matcher asks on.
    Attention.CRISIS_LAPSED: _SOUGHT,
    Attention.RETURNED: _SOUGHT,
    # Any step is what was waited for; a recorded contact is, too.
    Attention.STALLED: frozenset(),
    Attention.AGENCY_CLOSED: frozenset({ReferralState.ACCEPTED}),
    Attention.CONSENT_NEEDED: frozenset(OPEN),
    # Whoever was told of a revocation owes its acknowledgement after the referral's end, too.
    Attention.HOLDER_SILENT: frozenset(ReferralState),
    Attention.DUPLICATE: frozenset(OPEN),
}

# What a state brings by itself.
OF_STATE: Final[Mapping[ReferralState, Attention]] = {
    ReferralState.UNPLACED: Attention.UNPLACED,
    ReferralState.WAITLISTED: Attention.WAITLISTED,
}

# In these states a review that runs out finds a referral that stands still.
STALLING: Final = frozenset({ReferralState.ROUTING, ReferralState.ACCEPTED})


def ended_by(reasons: Iterable[Attention], state: ReferralState) -> list[Attention]:
    """Which of the reasons no longer hold once a step has led into the state."""
    return [why for why in reasons if state not in STANDS_IN[why]]


def brought_by(step: Step, state: ReferralState) -> list[Attention]:
    """The reasons that a step brings with the state that it leads into."""
    found = [OF_STATE[state]] if state in OF_STATE else []
    return [*found, Attention.RETURNED] if step is Step.RETURN else found
