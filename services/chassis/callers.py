"""Who calls: the token of a request, verified, and refused where the access it gives has ended."""

from dataclasses import dataclass

import flask

from contracts.problems import Problem, ProblemError
from services.chassis import ended_access
from services.chassis.actor import Actor
from services.chassis.clock import Clock
from services.chassis.database import Database
from services.chassis.tokens import Tokens, unauthenticated
from services.chassis.turnstile import Turnstile


@dataclass(frozen=True, slots=True)
class Callers:
    """Asks the service's own database, at every request, whether a caller's access has ended.

    Nothing is remembered between requests, so that every process of a service says the same.
    """

    database: Database
    clock: Clock
    tokens: Tokens
    turnstile: Turnstile

    def present(self) -> Actor:
        """Whose token came with the request; raises ProblemError (401, 429, 503)."""
        try:
            return self._known()
        except ProblemError as error:
            if error.problem is Problem.UNAUTHENTICATED:
                self.let_stranger_in()
            raise

    def let_stranger_in(self) -> None:
        """Count a request of nobody in particular; raises ProblemError (429)."""
        self.turnstile.let_stranger_in(flask.request.environ, self.clock.now())

    def _known(self) -> Actor:
        now = self.clock.now()
        presented = self.tokens.present(token_sent(), now)
        self.turnstile.let_in(presented.actor, now)
        ended_access.refuse(self.database.glance(*ended_access.question(presented)))
        return presented.actor


def token_sent() -> str:
    """The bearer token of the request; raises ProblemError (401)."""
    scheme, _, token = flask.request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise unauthenticated("send an Authorization header: Bearer, then a token")
    return token.strip()
