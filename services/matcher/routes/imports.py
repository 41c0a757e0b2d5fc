"""HTTP: taking over a directory."""

import json
from dataclasses import asdict
from datetime import timedelta
from typing import Any, Final

from contracts.bodies.matcher import ImportBody, ImportView
from contracts.problems import Problem, ProblemError
from contracts.vocabulary import Role
from services.chassis.api import Api, Call, Contract, Tenant
from services.matcher.domain.difference import Difference
from services.matcher.store.journal import take_turn
from services.matcher.usecases.import_directory import Imported, Source, import_directory

ADMIN: Final = {Role.ADMIN: Tenant.ALL}


def imports_api(allowance: timedelta) -> Api:
    """The routes under /v1/directory."""
    api = Api("imports", __name__)

    @api.route_for(
        "POST", "/v1/directory/imports", ADMIN, Contract(answer=ImportView, body=ImportBody)
    )
    def post_import(call: Call) -> dict[str, Any]:
        """Take over a directory; a rejected row refuses all of it unless partial is accepted.

        A dry run applies nothing and tells every difference.
        """
        take_turn(call.session)
        source = Source(**call.body)
        done = import_directory(call.session, call.now(), call.actor, source, allowance)
        if done.rejected and not source.accept_partial:
            raise _refused(done)
        return asdict(done) | {"differences": [_shown(one) for one in done.differences]}

    return api


def _shown(one: Difference) -> dict[str, Any]:
    changes = [
        {"name": change.name, "before": _said(change.before), "after": _said(change.after)}
        for change in one.fields
    ]
    return {"thing": one.thing, "id": one.id, "fields_changed": changes}


def _said(value: Any) -> str | None:
    """A value as text; what is no text as its JSON."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, default=str, sort_keys=True)


def _refused(done: Imported) -> ProblemError:
    rejected = [asdict(rejection) for rejection in done.rejected]
    detail = f"{len(rejected)} rows were rejected, so nothing was applied"
    return ProblemError(
        Problem.INVALID, detail, {"rejected": rejected, "warnings": list(done.warnings)}
    )
