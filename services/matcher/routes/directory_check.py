"""HTTP: what a keeper of the directory should look after."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import timedelta
from typing import Any, Final

from contracts.bodies.directory import CheckQuery, CheckView
from contracts.vocabulary import Role
from services.chassis.api import Api, Call, Contract, Tenant
from services.matcher.domain.capacity import STALE_AFTER
from services.matcher.domain.directory_check import Finding, Limits
from services.matcher.usecases.check_directory import check_directory

KEEPERS: Final = {Role.COORDINATOR: Tenant.ALL, Role.ADMIN: Tenant.ALL}


def directory_check_api() -> Api:
    """The one route."""
    api = Api("directory_check", __name__)

    @api.route_for(
        "GET", "/v1/directory/check", KEEPERS, Contract(answer=CheckView, query=CheckQuery)
    )
    def check(call: Call) -> dict[str, Any]:
        """Look the directory over: what is old, unknown, or reaches nobody."""
        asked = call.query
        limits = Limits(record=timedelta(days=asked["record_days"]), statement=STALE_AFTER)
        found = check_directory(call.session, call.now(), limits)
        return {
            "counts": dict(Counter(finding.trouble for finding in found)),
            "findings": [asdict(finding) for finding in _first(found, asked["most"])],
        }

    return api


def _first(found: Iterable[Finding], most: int) -> Iterator[Finding]:
    """At most so many of each trouble: one that is everywhere does not hide the others."""
    told: Counter[str] = Counter()
    for finding in found:
        told[finding.trouble] += 1
        if told[finding.trouble] <= most:
            yield finding
