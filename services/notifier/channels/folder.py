"""Mail into a folder: one .eml file per notice, for a pilot without a mail server, and tests."""

import os
from pathlib import Path

from services.notifier.channels.letters import Letter, as_message
from services.notifier.channels.mail import DeliveryError


class MailFolder:
    """Writes each letter whole or not at all; a letter sent again replaces itself."""

    def __init__(self, folder: Path, sender: str) -> None:
        self._folder = folder
        self._sender = sender

    def send(self, letter: Letter) -> None:
        """Write the letter; raises DeliveryError where the folder does not take it."""
        path = self._folder / f"{letter.notice_id}.eml"
        draft = path.with_suffix(".part")
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with draft.open("wb") as file:
                file.write(as_message(letter, self._sender).as_bytes())
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        except OSError as error:
            raise DeliveryError(f"mail folder: {type(error).__name__}") from None
