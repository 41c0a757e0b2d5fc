"""What `handoff up` prints once a suite answers: addresses, tokens and commands to paste."""

import shlex
import sys
from pathlib import Path
from typing import Final

from services.chassis.settings import Settings
from services.cli import city, pasting, people, settings
from services.cli.client import connect
from services.cli.screen import say

ROLES: Final = {
    "officer": people.officer(pasting.UNIT),
    "partner": people.partner(pasting.AGENCY),
    "coordinator": people.COORDINATOR,
    "manager": people.MANAGER,
    "admin": people.ADMIN,
}


def open_city(address: str, found: Settings) -> None:
    """Load the city where nothing is loaded, and say where the suite is."""
    with connect(address, people.sign_in(found)(people.ADMIN)) as admin:
        loaded = city.open_city(admin, settings.clock_of(found).now())
    say(f"Handoff is running on {address}, in {found.home}")
    say("  the bundled city was loaded" if loaded else "  the directory is the one of last time")
    say(f"  API reference  {address}/docs/")
    say(f"  health         {address}/readyz")
    say(f"  mail           {_called()} mail{_home_option(found)}")


def print_commands(address: str, found: Settings) -> None:
    """Print tokens, and the commands that carry a referral from submission to outcome."""
    sign_in = people.sign_in(found)
    more = f"`{_called()} token create{_home_option(found)}` makes more"
    say(f"\nPaste into a shell (tokens live 24 hours; {more}):\n")
    say(pasting.commands(address, {name: sign_in(who)() for name, who in ROLES.items()}))
    say("Ctrl-C stops the suite.")


def _called() -> str:
    return pasting.command(sys.argv[0], Path(sys.executable))


def _home_option(found: Settings) -> str:
    """What a command needs to find this folder: nothing where the settings name it."""
    return "" if found.home == settings.read().home else f" --home {shlex.quote(str(found.home))}"
