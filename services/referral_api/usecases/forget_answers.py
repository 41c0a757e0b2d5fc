"""Forget what was answered about a referral under Idempotency-Keys: nobody hears it again."""

from collections.abc import Iterable
from uuid import UUID

from contracts.vocabulary import Role
from services.chassis import audit, idempotency
from services.chassis.actor import Actor
from services.referral_api.usecases.lifecycle import Command, subject_of


def forget_answers(command: Command, ids: Iterable[UUID]) -> None:
    """Forget what everybody was answered at the addresses of these: a referral's, or its offers'.

    A request that is repeated afterwards is judged by what stands then.
    """
    idempotency.forget(command.session, _actors(command), ids)


def _actors(command: Command) -> set[Actor]:
    """Everybody who ever did something with the referral, as the audit knows them."""
    entries = audit.entries(command.session, subject_of(command.referral.id))
    return {_actor(Role(entry["role"]), entry["actor"], entry["tenant"]) for entry in entries}


def _actor(role: Role, subject: str, tenant: str | None) -> Actor:
    if role is Role.PARTNER:
        return Actor(subject=subject, role=role, agency_id=tenant)
    return Actor(subject=subject, role=role, unit_id=tenant)
