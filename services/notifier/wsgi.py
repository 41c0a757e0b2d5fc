"""The web process of notifier, for a WSGI server: ``services.notifier.wsgi:app``."""

from typing import Final

from contracts.topics import Service
from services.chassis.web import app_of
from services.notifier import app as wiring
from services.notifier import settings

__getattr__: Final = app_of(
    Service.NOTIFIER, lambda platform: wiring.build(platform, settings.read())
)
