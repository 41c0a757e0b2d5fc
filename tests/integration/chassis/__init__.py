"""Tests of the chassis over real SQLite files and, in places, real processes."""
