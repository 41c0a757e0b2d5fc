"""Reasons: kind and place of a fault, and never a value."""

from typing import Any, cast

import pytest
from psycopg import errors
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    InternalError,
    OperationalError,
    ProgrammingError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from contracts.codec import UnknownVersionError, UnreadableError
from services.chassis.event_log import LogUnavailableError
from services.chassis.faults import LONGEST_REASON, is_lock_timeout, is_transient, reason_of
from services.chassis.ids import uuid7
from services.chassis.migrations import SchemaError
from services.chassis.roles import RoleError

CANARY = "Jane Canary"


@pytest.mark.parametrize(
    "error",
    [
        ValueError(CANARY),
        KeyError(CANARY),
        IntegrityError(f"INSERT {CANARY}", {"name": CANARY}, Exception(CANARY)),
        ExceptionGroup(CANARY, [ValueError(CANARY)]),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_reason_holds_no_value(error: Exception) -> None:
    assert "Canary" not in reason_of(error)
    assert reason_of(error).startswith(type(error).__name__)


def test_a_reason_names_the_innermost_place_in_our_own_code() -> None:
    with pytest.raises(TypeError) as caught:
        uuid7(cast("Any", None))
    assert reason_of(caught.value).startswith("TypeError at ids.py:")


def test_an_error_of_the_driver_is_named_with_its_kind() -> None:
    error = IntegrityError("INSERT", {}, ValueError("UNIQUE failed"))
    assert reason_of(error) == "IntegrityError: ValueError"


@pytest.mark.parametrize(
    "error",
    [
        UnreadableError("larger than 65536 bytes"),
        UnknownVersionError("handoff.tally.recorded.v9"),
        LogUnavailableError("no broker"),
        SchemaError("matcher is at schema none, not matcher_0001: handoff migrate"),
        RoleError("the role matcher_owner owns the table audit"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors_written_to_be_shown_are_shown(error: Exception) -> None:
    assert reason_of(error) == f"{type(error).__name__}: {error}"


def test_a_reason_has_an_end() -> None:
    assert len(reason_of(UnknownVersionError("x" * 10_000))) == LONGEST_REASON


@pytest.mark.parametrize(
    "error",
    [
        OperationalError("SELECT", {}, Exception()),
        PoolTimeoutError(),
        LogUnavailableError("gone"),
        DBAPIError("SELECT", {}, Exception(), connection_invalidated=True),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_is_away_is_tried_again(error: Exception) -> None:
    assert is_transient(error)


@pytest.mark.parametrize(
    "error",
    [
        DBAPIError("SELECT", {}, Exception()),
        IntegrityError("INSERT", {}, Exception()),
        ValueError("x"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_is_wrong_is_not_tried_again(error: Exception) -> None:
    assert not is_transient(error)


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        (OperationalError, errors.LockNotAvailable),
        (OperationalError, errors.QueryCanceled),
        (OperationalError, errors.DeadlockDetected),
        (OperationalError, errors.SerializationFailure),
        (OperationalError, errors.AdminShutdown),
        (OperationalError, errors.CannotConnectNow),
        (OperationalError, errors.TooManyConnections),
        (OperationalError, errors.DiskFull),
        (InternalError, errors.ReadOnlySqlTransaction),
        (ProgrammingError, errors.UndefinedTable),
        (ProgrammingError, errors.UndefinedColumn),
    ],
)
def test_what_time_mends_in_postgresql_is_tried_again(
    kind: type[DBAPIError], state: type[errors.Error]
) -> None:
    assert is_transient(kind("SELECT", {}, state()))


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        (OperationalError, errors.ProgramLimitExceeded),
        (OperationalError, errors.StatementTooComplex),
        (ProgrammingError, errors.InsufficientPrivilege),
        (DataError, errors.StringDataRightTruncation),
        (IntegrityError, errors.UniqueViolation),
    ],
)
def test_what_time_does_not_mend_in_postgresql_is_not_tried_again(
    kind: type[DBAPIError], state: type[errors.Error]
) -> None:
    assert not is_transient(kind("SELECT", {}, state()))


def test_a_lock_waited_for_too_long_is_told_from_other_faults() -> None:
    assert is_lock_timeout(OperationalError("SELECT", {}, errors.LockNotAvailable()))
    assert not is_lock_timeout(OperationalError("SELECT", {}, errors.QueryCanceled()))
    assert not is_lock_timeout(OperationalError("SELECT", {}, Exception()))
