"""The options that commands share: the folder, the suite's address and the caller's token."""

import functools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import click

from services.chassis.actor import Actor
from services.cli import people, settings
from services.cli.client import PATIENCE_S, Client, ClientError, connect
from services.cli.home import HomeError

Command = Callable[..., Any]

home_option: Final = click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the suite (default: HANDOFF_HOME, else .handoff).",
)
url_option: Final = click.option(
    "--url",
    envvar=settings.URL,
    help="Address of the suite (default: HANDOFF_URL, else the one of the settings).",
)
token_option: Final = click.option(
    "--token",
    envvar=settings.TOKEN,
    help="Bearer token (default: HANDOFF_TOKEN, else one made with the keys of the folder).",
)


def examples(*lines: str) -> str:
    """The epilog of a command: its examples, each on a line of its own."""
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)])


def calling_as(actor: Actor, patience_s: float = PATIENCE_S) -> Callable[[Command], Command]:
    """Give a command ``--url``, ``--token`` and ``--home``, and a client as its first argument.

    ``patience_s``: how long the client asks again where a suite does not answer.
    """

    def decorate(command: Command) -> Command:
        @home_option
        @token_option
        @url_option
        @functools.wraps(command)
        def run(
            *args: Any, url: str | None, token: str | None, home: Path | None, **kept: Any
        ) -> Any:
            with client_for(actor, url, token, home) as client:
                return command(replace(client, patience_s=patience_s), *args, **kept)

        return run

    return decorate


def client_for(actor: Actor, url: str | None, token: str | None, home: Path | None) -> Client:
    """A client with the token given, or with one for ``actor`` from the folder's own keys."""
    found = settings.read(home)
    address = url or settings.address_of(found)
    if token is not None:
        return connect(address, people.given(token))
    try:
        signed = people.sign_in(found)(actor)
    except HomeError as error:
        raise ClientError(
            f"give a token (--token or HANDOFF_TOKEN), or the folder of the suite: {error}"
        ) from None
    return connect(address, signed)
