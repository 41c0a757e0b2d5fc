"""The home folder of a suite on local servers: its keys, and no mix with an embedded suite."""

from typing import Final

from services.chassis.platform import MASTER, SIGNING
from services.chassis.settings import LOOPBACK, SettingError, Settings
from services.cli import home
from services.cli.home import HomeError, Lock

SERVERS: Final = "servers"
EVERYWHERE: Final = frozenset({"0.0.0.0", "::"})  # noqa: S104 - the names, not an address
PROCESSES: Final = "processes"


def take(settings: Settings) -> Lock:
    """Lock the folder and see to its keys.

    Raises HomeError where it is in use or another kind of suite lives in it, or where keys are
    gone that data were sealed with; SettingError for settings that contradict each other.
    """
    if settings.jwks_url is not None:
        raise SettingError(
            "HANDOFF_JWKS_URL is for services in production: this suite signs itself"
        )
    if settings.host not in LOOPBACK | EVERYWHERE:
        raise SettingError(
            f"HANDOFF_HOST {settings.host}: processes of this machine fetch keys there over http: "
            "127.0.0.1, or 0.0.0.0 to be reached from others"
        )
    held = home.lock(settings)
    try:
        _refuse_embedded(settings)
        _refuse_lost_keys(settings)
        with home.told(settings.keys):
            settings.keys.mkdir(mode=0o700, parents=True, exist_ok=True)
            home.make_keys(settings)
    except BaseException:
        held.release()
        raise
    return held


def refuse_servers(settings: Settings) -> None:
    """Raise HomeError where a suite on local servers lives in a folder, for an embedded one."""
    if (settings.home / SERVERS).exists():
        raise HomeError(
            f"{settings.home} holds a suite on local servers: add --local-servers, "
            "or choose another folder"
        )


def _refuse_embedded(settings: Settings) -> None:
    if (settings.data / home.EVENTS).exists():
        raise HomeError(
            f"{settings.home} holds an embedded suite: leave --local-servers out, "
            "or choose another folder"
        )


def _refuse_lost_keys(settings: Settings) -> None:
    """A new key would not open what the old one closed."""
    used = (settings.home / SERVERS / "postgres" / "data" / "PG_VERSION").exists()
    lost = [name for name in (MASTER, SIGNING) if not (settings.keys / name).exists()]
    if used and lost:
        raise HomeError(
            f"{settings.home} holds data, but {settings.keys} lacks {', '.join(lost)}: "
            "restore the keys from their backup"
        )
