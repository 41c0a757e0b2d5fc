"""Tests of the processes of a service, on real servers."""
