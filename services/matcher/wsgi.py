"""The web process of matcher, for a WSGI server: ``services.matcher.wsgi:app``."""

from typing import Final

from contracts.topics import Service
from services.chassis.web import app_of
from services.matcher import app as wiring
from services.matcher import settings

__getattr__: Final = app_of(
    Service.MATCHER, lambda platform: wiring.build(platform, settings.read())
)
