"""Journeys: HTTP in, HTTP out, the same on every column of the design's table."""
