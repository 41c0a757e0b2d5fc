"""The settings of gunicorn, with little patience: what a test waits for takes half a second."""

from services.chassis import doorstep
from services.chassis.gunicorn import *  # noqa: F403 - all of them

doorstep.ARRIVES_S = doorstep.READ_S = 0.5  # type: ignore[misc]
