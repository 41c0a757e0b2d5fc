"""Unit tests of the contracts: words, codec, documents and their evolution."""
