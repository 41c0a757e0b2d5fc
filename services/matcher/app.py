"""Wiring of the matcher: database, routes, inbox, jobs and checks."""

from typing import Final

from contracts.topics import Service
from services.chassis.api import Runtime
from services.chassis.firewall import Firewall
from services.chassis.http import Site, create_app
from services.chassis.platform import Platform
from services.chassis.readiness import checks_of
from services.chassis.service import WiredService
from services.matcher import handlers, jobs
from services.matcher.routes.decisions import decisions_api
from services.matcher.routes.directory_check import directory_check_api
from services.matcher.routes.halts import halts_api
from services.matcher.routes.hsds import PREFIX as HSDS
from services.matcher.routes.hsds import hsds_api
from services.matcher.routes.imports import imports_api
from services.matcher.routes.match_previews import RULE, match_previews_api
from services.matcher.routes.policies import PLANS, policies_api
from services.matcher.routes.policies import RULE as POLICIES
from services.matcher.routes.programs import programs_api
from services.matcher.routes.queue import queue_api
from services.matcher.routes.statements import RULE as STATEMENTS
from services.matcher.routes.statements import statements_api
from services.matcher.settings import MatcherSettings
from services.matcher.store.remembered import Remembered
from services.matcher.usecases.tell_refused import tell_refused

PREFIXES: Final = (
    "/v1/programs",
    "/v1/directory",
    "/v1/decisions",
    "/v1/queue",
    RULE,
    HSDS,
    STATEMENTS,
    POLICIES,
    PLANS,
)


def build(platform: Platform, settings: MatcherSettings) -> WiredService:
    """The matcher, wired and not yet started."""
    name = Service.MATCHER
    database = platform.database(name)
    allowance = settings.capacity_allowance
    remembered = Remembered()
    apis = [
        programs_api(allowance),
        halts_api(),
        imports_api(allowance),
        hsds_api(),
        directory_check_api(),
        statements_api(allowance),
        decisions_api(),
        queue_api(),
        policies_api(),
        match_previews_api(settings.crisis_line, remembered),
    ]
    secret = platform.masters.derive("idempotency")
    runtime = Runtime(database, platform.clock, secret, platform.limits)
    return WiredService(
        name=name,
        app=create_app(Site(name, "Handoff matcher", apis), runtime, platform.tokens),
        database=database,
        clock=platform.clock,
        prefixes=PREFIXES,
        inboxes=[handlers.inbox(settings.pause_after_lapses)],
        jobs=[
            jobs.decider(database, platform.clock, remembered),
            jobs.planner(database, platform.clock, remembered),
            jobs.releaser(database, platform.clock),
            jobs.resumer(database, platform.clock),
            Firewall(database, platform.clock).job(tell_refused),
            jobs.pruner(database, platform.clock),
        ],
        checks=checks_of(database, name),
    )
