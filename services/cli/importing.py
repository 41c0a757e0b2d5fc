"""Submitting one row of a spreadsheet: the same row is the same referral, however often sent."""

import hmac
from collections.abc import Mapping as Table
from dataclasses import dataclass, field, replace
from typing import Final
from uuid import UUID

from services.cli.client import Client, ClientError
from services.cli.mapping import Mapping, Refusal, Submission, Tally
from services.cli.sheet import Row

# The row is at fault, not the caller or the suite: the next row may be right.
ROW_FAULTS: Final = frozenset({409, 422})


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a row: submitted, tallied, refused (the map says so) or failed."""

    line: int
    key: str
    result: str
    reason: str = ""
    reference: str = ""
    referral_id: str = ""

    @property
    def refused(self) -> bool:
        """Whether the row is neither a referral nor a tally."""
        return self.result in {"refused", "failed"}


@dataclass(frozen=True, slots=True)
class Importer:
    """Sends rows by a map, as one officer; rows ``sent`` before, by key, are not sent again.

    Under one ``secret`` a row has the same ids whenever it is sent; without it nobody who holds
    the sheet, or another list of its numbers, can tell which referral is whose.
    """

    mapping: Mapping
    officer: Client
    secret: bytes
    sent: Table[str, Result] = field(default_factory=dict)

    def submit(self, row: Row) -> Result:
        """Send one row; raises ClientError where the caller or the suite is at fault."""
        key = self.key_of(row)
        if key in self.sent:
            return replace(self.sent[key], line=row.line)
        verdict = self.mapping.verdict(row)
        if isinstance(verdict, Refusal):
            return Result(row.line, key, "refused" if verdict.decided else "failed", verdict.reason)
        try:
            return self._send(row, key, verdict)
        except ClientError as error:
            if error.status not in ROW_FAULTS or "unit" in error.problem.get("errors", {}):
                raise ClientError(f"line {row.line}: {error}", error.status) from None
            return Result(row.line, key, "failed", str(error))

    def key_of(self, row: Row) -> str:
        """What tells this row from all others: its key column, else a keyed hash of all."""
        column = self.mapping.sheet["key"]
        if column and row.cells[column]:
            return row.cells[column]
        cells = "\x1f".join(f"{name}={cell}" for name, cell in sorted(row.cells.items()))
        return self._mac("cells", cells).hex()

    def _send(self, row: Row, key: str, verdict: Submission | Tally) -> Result:
        once = str(self._uuid("row", key))
        if isinstance(verdict, Tally):
            body = {"need": verdict.need, "entry_door": verdict.entry_door}
            self.officer.post("/v1/tallies", body, once)
            return Result(row.line, key, "tallied")
        receipt = self.officer.post(
            "/v1/referrals", {"encounter_id": self._encounter(row, key)} | verdict.body, once
        )
        return Result(row.line, key, "submitted", "", receipt["reference"], receipt["referral_id"])

    def _encounter(self, row: Row, key: str) -> str:
        """Rows of one encounter share its id."""
        column = self.mapping.sheet["encounter"]
        named = row.cells[column] if column else ""
        return str(self._uuid("encounter", named or key))

    def _uuid(self, kind: str, key: str) -> UUID:
        return UUID(bytes=self._mac(kind, key), version=4)

    def _mac(self, kind: str, text: str) -> bytes:
        """HMAC-SHA256, cut to 16 bytes; sheets and kinds never meet."""
        place = f"{self.mapping.sheet['source']}\x1f{kind}\x1f{text}"
        return hmac.digest(self.secret, place.encode(), "sha256")[:16]
