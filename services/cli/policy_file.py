"""Reading a policy or a scenario from TOML, and saying what is wrong with it."""

import json
import tomllib
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from contracts.bodies.policies import NAME, PolicyBody
from services.cli.client import fields_of
from services.matcher.domain.policy import Policy, policy_of
from services.matcher.domain.simulation.scenario import SCENARIOS, Scenario

DAILY: Final = "daily"
AHEAD: Final = "ahead"


class PolicyFileError(Exception):
    """A policy or scenario is wrong; the text names the place and what would be right."""


def _number(least: float = 0.0, most: float = 1.0) -> fields.Float:
    return fields.Float(validate=validate.Range(least, most))


def _count(least: int, most: int) -> fields.Integer:
    return fields.Integer(strict=True, validate=validate.Range(least, most))


# A scenario's file; what is left out has the value of the scenario `balanced` at load 1. Not a
# class of its own: `load` is a field here, and what a schema does.
ScenarioSchema: Final = Schema.from_dict(
    {
        "name": fields.String(required=True, validate=NAME),
        "days": _count(14, 180),
        "rate": _number(0.5, 100),
        "load": _number(0.1, 5),
        "accept": _number(0.05),
        "surge": _number(0, 10),
        "closed": _number(),
        "interpreting": _number(),
        "step_free": _number(),
        "programs": _count(3, 200),
        "varied_stays": fields.Boolean(truthy={True}, falsy={False}),
    }
)


def policy_named(name: str) -> Policy:
    """The policy `daily` or `ahead`, or that of a file; raises PolicyFileError."""
    if name == DAILY:
        return Policy(version=DAILY, hold_back=False)
    if name == AHEAD:
        return Policy(version=AHEAD)
    return policy_of(_load(name, PolicyBody(), f"{DAILY}, {AHEAD}"))


def settings_of(policy: Policy) -> dict[str, str]:
    """Everything that a policy says, as TOML: name (dotted within a part) -> value."""
    plain = asdict(policy)
    parts = {
        f"{part}.{name}": value
        for part in ("weights", "worth")
        for name, value in plain.pop(part).items()
    }
    # What JSON writes of texts, numbers and booleans is TOML.
    return {name: json.dumps(value) for name, value in (plain | parts).items()}


def scenario_named(name: str) -> Scenario:
    """One of the scenarios, or that of a file; raises PolicyFileError."""
    if name in SCENARIOS:
        return SCENARIOS[name]
    return Scenario(**_load(name, ScenarioSchema(), ", ".join(SCENARIOS)))


def _load(name: str, schema: Schema, known: str) -> dict[str, Any]:
    path = Path(name)
    if not path.suffix:
        raise PolicyFileError(f"{name} is none of {known}, nor a file such as {name}.toml")
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        loaded: dict[str, Any] = schema.load(content, unknown=RAISE)
    except OSError as error:
        raise PolicyFileError(f"{path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PolicyFileError(f"{path} is no TOML: {error}") from None
    except ValidationError as error:
        raise PolicyFileError(f"{path}: {'; '.join(fields_of(error.messages))}") from None
    return loaded
