"""Unit tests of the command line: maps, sheets, plans, habits and the client."""
