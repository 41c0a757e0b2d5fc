"""The `handoff` command as its users call it, against a running suite."""
