"""Seeded bugs: faults of one line, each with the tests that must catch it (``make mutants``)."""
