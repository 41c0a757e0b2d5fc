"""Wires the notifier: database, HTTP, inboxes and jobs."""

from typing import Final

from contracts.topics import Service
from services.chassis.api import Runtime
from services.chassis.firewall import Firewall
from services.chassis.http import Site, create_app
from services.chassis.platform import Platform
from services.chassis.readiness import checks_of
from services.chassis.service import WiredService
from services.notifier.channels.folder import MailFolder
from services.notifier.channels.mail import MailChannel
from services.notifier.channels.smtp import SmtpMail
from services.notifier.handlers import notices, outcomes
from services.notifier.jobs.deliveries import Deliveries
from services.notifier.jobs.reminders import Reminders
from services.notifier.routes import access as access_routes
from services.notifier.routes import contacts as contact_routes
from services.notifier.routes import invitations as invitation_routes
from services.notifier.routes import notices as notice_routes
from services.notifier.routes import outcomes as outcome_routes
from services.notifier.routes import staff as staff_routes
from services.notifier.routes.desk import StaffDesk, place_desk
from services.notifier.settings import NotifierSettings
from services.notifier.store.staff import Safe
from services.notifier.usecases.firewall import tell_refused

PREFIXES: Final = (
    *("/v1/outcomes", "/v1/notices", "/v1/agencies", "/v1/contacts"),
    *("/v1/staff", "/v1/invitations", "/v1/access"),
)
APIS: Final = (
    *(contact_routes.api, notice_routes.api, outcome_routes.api),
    *(staff_routes.api, invitation_routes.api, access_routes.api),
)


def build(platform: Platform, settings: NotifierSettings) -> WiredService:
    """The notifier, wired but not started."""
    database = platform.database(Service.NOTIFIER)
    secret = platform.masters.derive("idempotency")
    runtime = Runtime(database, platform.clock, secret, platform.limits)
    site = Site(Service.NOTIFIER, "Handoff: notices and outcomes", APIS)
    safe = Safe(platform.masters.derive("staff"))
    app = create_app(site, runtime, platform.tokens)
    place_desk(app, StaffDesk(safe, platform.tokens))
    deliveries = Deliveries(
        database=database,
        clock=platform.clock,
        channel=_channel(platform, settings),
        safe=safe,
        public_url=settings.public_url,
    )
    return WiredService(
        name=Service.NOTIFIER,
        app=app,
        database=database,
        clock=platform.clock,
        prefixes=PREFIXES,
        inboxes=(notices.inbox(), outcomes.inbox()),
        jobs=(
            Reminders(database, platform.clock).job(),
            deliveries.job(),
            Firewall(database, platform.clock).job(tell_refused),
        ),
        checks=checks_of(database, Service.NOTIFIER),
    )


def _channel(platform: Platform, settings: NotifierSettings) -> MailChannel:
    if settings.smtp is not None:
        return SmtpMail(settings.smtp, settings.mail_from)
    return MailFolder(platform.settings.home / "mail", settings.mail_from)
