"""The matcher's verbs."""
