"""Wires referral_api: database, keys, routes, consumer and jobs."""

from typing import Final

from contracts.topics import Service
from services.chassis.api import Runtime
from services.chassis.http import Site, create_app
from services.chassis.keyring import Keyring
from services.chassis.keys import PersonKeys
from services.chassis.platform import Platform
from services.chassis.readiness import checks_of, key_store_checks
from services.chassis.service import WiredService
from services.chassis.waiters import Waiters
from services.referral_api import handlers, jobs
from services.referral_api.routes import (
    consents,
    deadlines,
    duplicates,
    facts,
    handoffs,
    history,
    offers,
    referrals,
    tallies,
    units,
    worklist,
)
from services.referral_api.routes.desk import place_desk, place_waiters
from services.referral_api.settings import ReferralApiSettings
from services.referral_api.store.persons import Persons
from services.referral_api.usecases.lifecycle import Desk

_APIS: Final = (
    referrals.api,
    offers.api,
    consents.of_referrals,
    consents.of_offers,
    facts.of_referrals,
    facts.of_offers,
    worklist.api,
    handoffs.api,
    duplicates.api,
    units.api,
    tallies.api,
    deadlines.api,
    history.api,
)
PREFIXES: Final = tuple(dict.fromkeys(str(api.url_prefix) for api in _APIS))


def build(platform: Platform, settings: ReferralApiSettings) -> WiredService:
    """The service, wired but not started."""
    name = Service.REFERRAL_API
    database, key_store = platform.database(name), platform.key_store()
    keys = PersonKeys(key_store, platform.masters)
    keyring = Keyring(key_store, platform.masters)
    desk = Desk(Persons(keys), settings.deadlines, settings.consent_rules)
    secret = platform.masters.derive(f"{name}.idempotency")
    runtime = Runtime(database, platform.clock, secret, platform.limits)
    app = create_app(Site(name, "Handoff referrals", _APIS), runtime, platform.tokens)
    place_desk(app, desk)
    # The other half of the threads answers whoever does not wait.
    waiters = Waiters(database, platform.settings.threads // 2)
    place_waiters(app, waiters)
    return WiredService(
        name=name,
        app=app,
        database=database,
        stores=[key_store],
        clock=platform.clock,
        prefixes=PREFIXES,
        inboxes=[handlers.inbox(desk)],
        jobs=jobs.jobs(jobs.Timers(database, platform.clock, desk), keys, key_store),
        checks=checks_of(database, name) | key_store_checks(key_store, keyring),
        keyring=keyring,
        waiters=waiters,
    )
