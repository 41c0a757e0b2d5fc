"""Tells people, keeps reminding, and measures outcomes: a leaf, nobody waits for it."""
