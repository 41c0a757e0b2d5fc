"""The nouns of telling and measuring: pure rules, no clock, no I/O."""
