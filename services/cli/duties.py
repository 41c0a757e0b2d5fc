"""What each process of the production column is for, in words."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from contracts.topics import Service


class Duty(StrEnum):
    """What a process does for its service."""

    WEB = "web"
    RELAY = "relay"
    WORKER = "worker"


# The notifier is a leaf to the life of a referral; all it publishes is whose access ended.
PURPOSES: Final[Mapping[tuple[Service, Duty], str]] = {
    (Service.REFERRAL_API, Duty.WEB): "takes referrals and every step that people take on them",
    (Service.REFERRAL_API, Duty.RELAY): "sends what referral_api recorded to Kafka, in order",
    (Service.REFERRAL_API, Duty.WORKER): "applies the matcher's answers; minds every deadline",
    (Service.MATCHER, Duty.WEB): "takes the directory and capacity; explains decisions",
    (Service.MATCHER, Duty.RELAY): "sends what the matcher decided to Kafka, in order",
    (Service.MATCHER, Duty.WORKER): "decides which programs a referral is offered to",
    (Service.NOTIFIER, Duty.WEB): "shows outcomes and notices; takes contacts; invites staff",
    (Service.NOTIFIER, Duty.RELAY): "sends whose access ended to Kafka, so that all refuse them",
    (Service.NOTIFIER, Duty.WORKER): "tells agencies, reminds them, counts outcomes",
}
FRONT: Final = "one address for all: hands requests on, watches over the others (/ops, /readyz)"
KAFKA: Final = "the events that the services send each other"
POSTGRES: Final = "a database for each service, and one for the keys of persons"
