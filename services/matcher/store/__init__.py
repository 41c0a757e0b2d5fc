"""All SQL of the matcher; it never commits."""
