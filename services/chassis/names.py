"""The names of all settings, so that a process tells a misspelt one from another's."""

from typing import Final

from services.chassis import settings
from services.chassis.kafka import settings as kafka
from services.chassis.settings import Settings

# One environment may be shared by all processes, and the chassis imports no service: a test holds
# this list against what each of them reads.
OF_SERVICES: Final = frozenset(
    {
        "CAPACITY_ALLOWANCE_S",
        "CONSENT_RULES",
        "CRISIS_LINE",
        "DEADLINES",
        "MAIL_FROM",
        "PAUSE_AFTER_LAPSES",
        "PUBLIC_URL",
        "SMTP_URL",
    }
)
OF_COMMANDS: Final = frozenset({"COORDINATOR_TOKEN", "SOURCE_TOKEN", "TOKEN", "URL"})
KNOWN: Final = settings.NAMES | kafka.NAMES | OF_SERVICES | OF_COMMANDS


def read_settings() -> Settings:
    """The shared settings; raises SettingError for a wrong one, or a name that nothing reads."""
    settings.refuse_unknown(KNOWN)
    return settings.read()
