"""What goes wrong with a local server, in words for the person who started it."""


class LocalServerError(Exception):
    """A local server cannot be had; the text says why and what would help."""
