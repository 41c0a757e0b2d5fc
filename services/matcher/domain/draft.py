"""Offers in the making: who has been given what, and what is left."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from services.matcher.domain.market import Request

# Days after which whoever was refused is asked for again.
_ASKED_AGAIN_AFTER: Final = 1.0


@dataclass(slots=True)
class Draft:
    """A turn's offers; ``price``: what a start costs those who come later, by program id."""

    now: float
    decay: float
    price: Mapping[str, float]
    left: dict[str, int]
    given: dict[str, list[str]] = field(default_factory=dict)

    def give(self, request: Request, program: str) -> None:
        """Put a request to one more program."""
        self.left[program] -= 1
        self.given.setdefault(request.id, []).append(program)

    def take_over(self, planned: Iterable[tuple[Request, str]]) -> None:
        """Make planned offers, one for each request at most, as far as places are left."""
        for request, program in planned:
            if request.id not in self.given and self.left[program] > 0:
                self.give(request, program)

    def place_at_once(self, requests: Iterable[Request]) -> None:
        """Give everyone without an offer the best place left, whatever it costs others."""
        for request in requests:
            best = self._best(request) if request.id not in self.given else None
            if best is not None:
                self.give(request, best)

    def place_where_it_pays(self, requests: Iterable[Request]) -> None:
        """Give everyone without an offer the best place left, where it costs others less."""
        for request in requests:
            best = self._best(request) if request.id not in self.given else None
            if best is not None and self._net(request, best, self.now) > 0:
                self.give(request, best)

    def keep(self, programs: Iterable[str]) -> None:
        """Take a place of each of these out of what is left."""
        for program in programs:
            if self.left.get(program, 0) > 0:
                self.left[program] -= 1

    def holds_back(self, request: Request) -> bool:
        """Whether a request has no offer though a program of its choice has a place left."""
        return request.id not in self.given and self._best(request) is not None

    def back_up(self, requests: Sequence[Request], most: int) -> None:
        """Second offers for all, then third ones, where that beats asking again after a refusal."""
        for already in range(1, most):
            for request in requests:
                if len(self.given.get(request.id, ())) == already < request.parallel:
                    self._back_up(request)

    def _back_up(self, request: Request) -> None:
        best = self._best(request)
        sure = any(request.options[name][1] >= 1 for name in self.given[request.id])
        if best is None or sure:
            return
        if self._net(request, best, self.now) > self._later(request):
            self.give(request, best)

    def _best(self, request: Request) -> str | None:
        roomy = [name for name in self._untried(request) if self.left.get(name, 0) > 0]
        return min(roomy, key=lambda name: (-self._promise(request, name), name), default=None)

    def _promise(self, request: Request, program: str) -> float:
        """What an offer promises; where a start costs others more, an unlikely yes is no merit."""
        net = self._net(request, program, self.now)
        return request.options[program][1] * net if net > 0 else net

    def _later(self, request: Request) -> float:
        """What a request may hope for where all that it was offered says no."""
        then = self.now + _ASKED_AGAIN_AFTER
        if then - request.arrived > request.window:
            return 0.0
        hopes = (
            request.options[name][1] * self._net(request, name, then)
            for name in self._untried(request)
        )
        return max((0.0, *hopes))

    def _untried(self, request: Request) -> list[str]:
        given = self.given.get(request.id, ())
        return [
            name
            for name, (value, accept) in request.options.items()
            if name not in given and value > 0 and accept > 0
        ]

    def _net(self, request: Request, program: str, day: float) -> float:
        """The value of a start on a day, less its cost to others."""
        waited = min(day - request.arrived, request.window)
        worth = request.options[program][0] * (1 - self.decay * waited / (request.window + 1))
        return worth - self.price.get(program, 0.0)
