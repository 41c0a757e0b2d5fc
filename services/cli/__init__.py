"""The ``handoff`` command: one file per command, and the suite that runs in one process."""
