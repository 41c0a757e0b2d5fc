"""Unit tests of the notifier: its tables, folds and texts."""
