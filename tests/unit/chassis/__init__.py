"""Unit tests of the chassis: no file but a temporary one, no socket."""
