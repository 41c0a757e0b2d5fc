"""Reroute: the coordinator has the matcher look again."""

from services.chassis.ids import uuid7
from services.referral_api.domain.referral import Step
from services.referral_api.usecases.lifecycle import Command


def reroute(command: Command, note: str | None) -> None:
    """Open the next attempt; raises ConflictError."""
    command.open_attempt(Step.REROUTE)
    command.note(uuid7(command.now), note)
    command.publish("referral.reroute")
