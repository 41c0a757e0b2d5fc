"""The `handoff` command: its subcommands, and how their failures are said in one line."""

from importlib import import_module
from typing import IO, Any, Final

import click

from services.chassis.settings import SettingError
from services.chassis.signed_head import HeadError
from services.chassis.tokens import TokenFormError
from services.cli.client import ClientError
from services.cli.home import HomeError
from services.cli.map_file import MapError
from services.cli.options import examples
from services.cli.policy_file import PolicyFileError
from services.cli.sheet import SheetError
from services.local_servers.errors import LocalServerError

# Where each command stands. It is imported when it is called for: all of them together take
# seconds, and a worker, which a platform starts by the dozen, needs one.
COMMANDS: Final[dict[str, str]] = {
    "audit": "services.cli.audit:audit_group",
    "backup": "services.cli.backup:backup",
    "capacity": "services.cli.capacity:capacity_group",
    "contracts": "services.cli.contracts:contracts_group",
    "decisions": "services.cli.decisions:decisions_group",
    "demo": "services.cli.demo:demo",
    "directory": "services.cli.directory:directory_group",
    "doctor": "services.cli.doctor:doctor",
    "keys": "services.cli.keys:keys_group",
    "load": "services.cli.load:load",
    "mail": "services.cli.mail:mail",
    "migrate": "services.cli.migrate:migrate",
    "outcomes": "services.cli.outcomes:outcomes",
    "parked": "services.cli.parked:parked_group",
    "policy": "services.cli.policy:policy_group",
    "referrals": "services.cli.referrals:referrals_group",
    "republish": "services.cli.republish:republish",
    "restore": "services.cli.restore:restore",
    "simulate": "services.cli.trials:simulate",
    "token": "services.cli.token:token_group",
    "topics": "services.cli.topics:topics_group",
    "up": "services.cli.up:up",
    "who-can-help": "services.cli.who_can_help:who_can_help",
    "worker": "services.cli.worker:worker",
}
_EXPECTED: Final = (
    ClientError,
    HeadError,
    HomeError,
    LocalServerError,
    MapError,
    PolicyFileError,
    SettingError,
    SheetError,
    TokenFormError,
)


class FailureError(click.ClickException):
    """A failure that the user can understand, said in one line."""

    def __init__(self, text: str) -> None:
        super().__init__(" ".join(text.split()))

    def show(self, file: IO[Any] | None = None) -> None:
        """Write the line to standard error."""
        click.echo(f"handoff: {self.message}", file=file, err=file is None)


class WrongUsageError(FailureError):
    """The command was called in a way that it does not know."""

    exit_code = 2


class Commands(click.Group):
    """A group whose expected failures are one line each: exit code 1, or 2 for wrong usage."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of the commands."""
        del ctx
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name, imported now."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def make_context(self, *args: Any, **kept: Any) -> click.Context:
        """Read the options of the group itself."""
        try:
            return super().make_context(*args, **kept)
        except click.UsageError as error:
            raise _usage(error) from None

    def invoke(self, context: click.Context) -> Any:
        """Run a subcommand."""
        try:
            return super().invoke(context)
        except click.UsageError as error:
            raise _usage(error) from None
        except _EXPECTED as error:
            raise FailureError(str(error)) from None
        except click.ClickException as error:
            raise FailureError(error.format_message()) from None


def _usage(error: click.UsageError) -> click.ClickException:
    """The one line of wrong usage; a bare group shows its help instead."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        return error
    where = f"; see {error.ctx.command_path} --help" if error.ctx else ""
    return WrongUsageError(f"{error.format_message().rstrip('.')}{where}")


@click.group(
    cls=Commands,
    epilog=examples("handoff demo", "handoff up", "handoff doctor", "handoff up --help"),
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="handoff", prog_name="handoff")
def main() -> None:
    """Closed-loop referrals: from an officer's submission to the recorded outcome."""
