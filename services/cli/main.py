"""The `handoff` command: its subcommands, and how their failures are said in one line."""

from typing import IO, Any, Final

import click

from services.chassis.settings import SettingError
from services.chassis.tokens import TokenFormError
from services.cli.client import ClientError
from services.cli.contracts import contracts_group
from services.cli.demo import demo
from services.cli.directory import directory_group
from services.cli.doctor import doctor
from services.cli.home import HomeError
from services.cli.mail import mail
from services.cli.map_file import MapError
from services.cli.migrate import migrate
from services.cli.options import examples
from services.cli.outcomes import outcomes
from services.cli.parked import parked_group
from services.cli.referrals import referrals_group
from services.cli.republish import republish
from services.cli.sheet import SheetError
from services.cli.token import token_group
from services.cli.topics import topics_group
from services.cli.up import up
from services.cli.worker import worker
from services.local_servers.errors import LocalServerError

_EXPECTED: Final = (
    ClientError,
    HomeError,
    LocalServerError,
    MapError,
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


for command in (
    contracts_group,
    demo,
    directory_group,
    doctor,
    mail,
    migrate,
    outcomes,
    parked_group,
    referrals_group,
    republish,
    token_group,
    topics_group,
    up,
    worker,
):
    main.add_command(command)
