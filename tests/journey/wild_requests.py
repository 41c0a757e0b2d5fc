"""Requests that nobody would write by hand: made by schemathesis from the published documents.

They go to a whole suite in this process, past the sockets, as every role: mostly one that may call,
now and then one that may not. Ids in addresses are those of things that are there, as often as not.
"""

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import Failure
from schemathesis.engine import events, from_schema
from schemathesis.engine.recorder import ScenarioRecorder

from contracts.vocabulary import Role
from services.chassis.serving import Wsgi

# What a state does not allow, who may not, and what is not there are right answers to right bodies.
RIGHT: Final = "2xx 400 401 403 404 409 412 422 428 429".split()
OFTEN: Final = 0.8


@dataclass(slots=True)
class Wild:
    """What came of the requests to one service."""

    done: Counter[str] = field(default_factory=Counter)
    sent: int = 0
    failures: list[str] = field(default_factory=list)

    def take(self, recorder: ScenarioRecorder) -> None:
        """Count the requests of a scenario, and keep what is wrong."""
        for case_id, interaction in recorder.interactions.items():
            self.sent += 1
            response = interaction.response
            if response is not None and response.status_code < HTTPStatus.MULTIPLE_CHOICES:
                self.done[recorder.cases[case_id].value.operation.label] += 1
        for case_id, checks in recorder.checks.items():
            case = recorder.cases[case_id].value
            for check in checks:
                if check.failure_info is not None:
                    self.failures.append(_said(check.name, case, check.failure_info.failure))


def _said(name: str, case: Any, failure: Failure) -> str:
    about = f"{failure.title}: {failure.message[:400]}"
    return f"{name}: {case.operation.label} {about} {case.body!r:.300}"


@dataclass(frozen=True, slots=True)
class Sender:
    """The suite, tokens for its roles, and ids of what stands in it."""

    wsgi: Wsgi
    tokens: Mapping[Role, str]
    ids: Mapping[str, str]

    def send(self, service: str, examples: int, seed: int = 0) -> Wild:
        """Send so many requests for each operation of a service, and some that follow another."""
        found = Wild()
        schema: Any = schemathesis.openapi.from_wsgi(
            f"/docs/{service}.json", self.wsgi, config=_config(examples, seed)
        )
        chance = random.Random(seed)  # noqa: S311 - no secret hangs on it
        schema.hook("map_path_parameters")(self._known(chance))
        schema.auth(refresh_interval=None)(self._signing(chance))
        for event in from_schema(schema).execute():
            if isinstance(event, events.ScenarioFinished):
                found.take(event.recorder)
            elif isinstance(event, events.NonFatalError | events.FatalError):
                found.failures.append(f"{type(event).__name__}: {event}")
        return found

    def _known(self, chance: random.Random) -> Any:
        def known(_context: Any, parameters: dict[str, Any] | None) -> Any:
            if not parameters or chance.random() > OFTEN:
                return parameters
            return {name: self.ids.get(name, value) for name, value in parameters.items()}

        return known

    def _signing(self, chance: random.Random) -> type:
        tokens = self.tokens

        class Signing:
            """Whoever may call, and now and then somebody else."""

            def get(self, case: Any, _context: Any) -> str:
                may = [Role(name) for name in case.operation.definition.raw.get("x-roles", {})]
                role = chance.choice(may if may and chance.random() < OFTEN else list(Role))
                return tokens[role]

            def set(self, case: Any, token: str, _context: Any) -> None:
                case.headers = {**(case.headers or {}), "Authorization": f"Bearer {token}"}

        return Signing


def _config(examples: int, seed: int) -> SchemathesisConfig:
    checks = {
        "positive_data_acceptance": {"expected-statuses": RIGHT},
        "negative_data_rejection": {"expected-statuses": RIGHT[1:]},
        "missing_required_header": {"expected-statuses": RIGHT[1:]},
        # It sends again in a way that werkzeug does not take; test_route_map.py asks every route
        # without a token.
        "ignored_auth": {"enabled": False},
    }
    return SchemathesisConfig.from_dict(
        {
            "seed": seed,
            "workers": 1,
            "continue-on-failure": True,
            "checks": checks,
            "generation": {
                "max-examples": examples,
                "deterministic": True,
                "database": "none",
                "no-shrink": True,
                "with-security-parameters": False,
            },
            "phases": {"coverage": {"enabled": examples > 2}, "stateful": {"max-steps": 4}},
        }
    )
