"""The drift gates: what is published says what the code does, and each gate can fail."""
