"""The secret under which the rows of a spreadsheet get their ids."""

import secrets
from pathlib import Path
from typing import Final

from services.chassis.keys import MasterKeys
from services.chassis.platform import MASTER
from services.chassis.private_file import write_private
from services.chassis.settings import Settings
from services.cli.home import HomeError
from services.cli.sheet import SheetError

FILE: Final = "handoff-import.secret"
BYTES: Final = 32
_PURPOSE: Final = "import"


def secret_for(found: Settings, report: Path | None) -> bytes:
    """The secret of the folder's keys; without them, one in a file beside the report.

    The file is made on first use, for its owner alone. Raises HomeError where the keys are not
    usable, SheetError where there are none and no file can be read or made.
    """
    keys = found.keys / MASTER
    if keys.exists():
        try:
            return MasterKeys.read(keys).derive(_PURPOSE)
        except (OSError, ValueError) as error:
            raise HomeError(f"the keys in {found.keys} cannot be used: {error}") from None
    if report is None:
        raise SheetError(
            f"{found.keys} holds no keys: name a --report, beside which the secret of this "
            f"import is kept ({FILE})"
        )
    return _kept(report.absolute().parent / FILE)


def _kept(path: Path) -> bytes:
    try:
        if not path.exists():
            write_private(path, secrets.token_hex(BYTES))
        secret = bytes.fromhex(path.read_text(encoding="ascii"))
    except OSError as error:
        raise SheetError(f"{path}: {error.strerror}") from None
    except ValueError:
        secret = b""
    if len(secret) != BYTES:
        raise SheetError(f"{path} holds no secret of an import: restore it, or remove it")
    return secret
