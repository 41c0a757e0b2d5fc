"""The group controller: whose service lags behind that of the rest weighs more, a little."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from services.matcher.domain.market import Request

# Fewer requests than these tell nothing about a group.
_TOO_FEW: Final = 30
_MOST_BOOST: Final = 0.5


def boosts(past: Sequence[Request], strength: float) -> dict[str, float]:
    """By group, what is added to each value: strength x how far its service lags, as a share.

    Service is the share that was started of those whose window is over. A group ahead of the
    rest weighs less. Groups are service needs and places; who knows no other has no other here.
    """
    done = [request for request in past if request.served is not None] if strength else []
    hit = np.array([bool(request.served) for request in done])
    found: dict[str, float] = {}
    for group in sorted({group for request in done for group in request.groups}):
        inside = np.array([group in request.groups for request in done])
        if min(inside.sum(), (~inside).sum()) >= _TOO_FEW:
            lag = float(hit[~inside].mean() - hit[inside].mean()) / max(float(hit.mean()), 0.1)
            found[group] = float(np.clip(strength * lag, -_MOST_BOOST, _MOST_BOOST))
    return found


def boosted(requests: Sequence[Request], boost: dict[str, float]) -> list[Request]:
    """The requests at the values that the controller gives them."""
    return [_boosted(request, boost) for request in requests] if boost else list(requests)


def _boosted(request: Request, boost: dict[str, float]) -> Request:
    # However many groups somebody is of, no value comes to nothing.
    lag = sum(boost.get(group, 0.0) for group in request.groups)
    factor = 1 + min(max(lag, -_MOST_BOOST), _MOST_BOOST)
    options = {name: (value * factor, yes) for name, (value, yes) in request.options.items()}
    return replace(request, options=options)
