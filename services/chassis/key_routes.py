"""The operator's routes for master keys: what they wrap, wrapping anew, retiring one."""

from collections.abc import Sequence
from typing import Any, Final

import flask
from marshmallow import Schema, fields, validate

from contracts.problems import ConflictError
from contracts.vocabulary import Role
from services.chassis.api import Tenant, guarded
from services.chassis.json_body import load_body
from services.chassis.key_file import MasterKeyError
from services.chassis.keyring import Keyring
from services.chassis.service import WiredService

NAME: Final = r"[A-Za-z0-9._-]{1,64}\Z"
NAME_IS: Final = "must be the name of a master key, such as master-1 (handoff keys list)"
_ADMIN: Final = {Role.ADMIN: Tenant.ALL}


class RetireBody(Schema):
    """Which master key to take out of the file."""

    master = fields.String(required=True, validate=validate.Regexp(NAME, error=NAME_IS))


def add_keys(app: flask.Flask, services: Sequence[WiredService]) -> None:
    """Add the routes where one of these services has the key store; it audits what is done."""
    for service in services:
        if service.keyring is not None:
            _add(app, service, service.keyring)


def _add(app: flask.Flask, owner: WiredService, keyring: Keyring) -> None:
    @app.get("/ops/keys")
    @guarded(_ADMIN)
    def keys() -> dict[str, Any]:
        return {"wraps": dict(keyring.counts())}

    @app.post("/ops/keys/rewrap")
    @guarded(_ADMIN)
    def rewrap() -> dict[str, Any]:
        done = keyring.rewrap()
        if done:
            owner.operated(flask.g.actor, "keys.rewrap", keys=done)
        return {"rewrapped": done}

    @app.post("/ops/keys/retire")
    @guarded(_ADMIN)
    def retire() -> dict[str, Any]:
        master = load_body(RetireBody())["master"]
        _retire(keyring, master)
        owner.operated(flask.g.actor, "keys.retire", master=master)
        return {"retired": master}


def _retire(keyring: Keyring, master: str) -> None:
    try:
        keyring.retire(master)
    except MasterKeyError as error:
        raise ConflictError(str(error)) from None
    except OSError as error:
        raise ConflictError(f"the key file may not be written here: {error.strerror}") from None
