"""The matcher over HTTP."""
