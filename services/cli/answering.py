"""The check of `handoff doctor` that asks who answers at the suite's address."""

from datetime import datetime
from typing import Any, Final

import httpx

from services.chassis.clock import SettableClock
from services.chassis.settings import Settings
from services.cli import people, settings
from services.cli.checkup import Finding, is_locked
from services.cli.client import ClientError, refusal
from services.cli.home import HomeError

TIMEOUT_S: Final = 5.0
_STRANGE: Final = (ValueError, KeyError, AttributeError, TypeError)


def running(found: Settings, start: str = "handoff up") -> Finding:
    """Whether a suite runs on the folder, whether it answers at its address, and is ready.

    ``start`` is the command that starts one.
    """
    held, address = is_locked(found.data / ".lock"), settings.address_of(found)
    try:
        with httpx.Client(base_url=address, timeout=TIMEOUT_S, trust_env=False) as http:
            answer = http.get("/readyz").json()
            faults = [fault for some in answer["faults"].values() for fault in some]
            other = _why_not_ours(found, http)
    except httpx.HTTPError:
        state = f"running, but not on {address}" if held else "not running"
        return Finding("suite", right=True, state=state, mend="" if held else start)
    except _STRANGE:
        return _taken(f"something that is not Handoff answers on {address}", held=held)
    if other is None and not held:
        other = "it is another one, on a folder with the same keys"
    if other is not None:
        return _taken(f"a suite answers on {address}: {other}", held=held)
    if faults:
        mend = "see its log; handoff parked list"
        return Finding("suite", right=False, state="; ".join(faults), mend=mend)
    return Finding("suite", right=True, state=f"ready on {address}")


def _why_not_ours(found: Settings, http: httpx.Client) -> str | None:
    """Why the suite that answers is not this folder's: it takes other tokens, or other time."""
    try:
        headers = {"Authorization": f"Bearer {people.sign_in(found)(people.ADMIN)()}"}
        _asked(http, "/ops/flow", headers)
        own = settings.clock_of(found)
        if isinstance(own, SettableClock):
            before = own.now()
            shown = datetime.fromisoformat(_asked(http, "/ops/clock", headers)["now"])
            if not before <= shown <= own.now():
                return f"it is another one, its clock shows {shown.isoformat(timespec='seconds')}"
    except HomeError:
        return "without this folder's keys nothing tells which"
    except ClientError as error:
        return f"it is another one, it does not take this folder's token ({error})"
    return None


def _asked(http: httpx.Client, path: str, headers: dict[str, str]) -> Any:
    response = http.get(path, headers=headers)
    if not response.is_success:
        raise refusal(response)
    return response.json()


def _taken(said: str, *, held: bool) -> Finding:
    """The address is somebody else's; ``held`` where this folder's suite runs all the same."""
    where = "running, but not there" if held else "not running"
    mend = "choose another HANDOFF_PORT, or that suite's folder (--home)"
    return Finding("suite", right=False, state=f"{said}; this folder's is {where}", mend=mend)
