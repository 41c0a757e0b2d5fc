"""The web process of referral_api, for a WSGI server: ``services.referral_api.wsgi:app``."""

from typing import Final

from contracts.topics import Service
from services.chassis.web import app_of
from services.referral_api import app as wiring
from services.referral_api import settings

__getattr__: Final = app_of(
    Service.REFERRAL_API, lambda platform: wiring.build(platform, settings.read())
)
