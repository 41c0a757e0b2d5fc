"""The matcher's nouns: pure, without clock, database or network."""
