"""Events in: one module per inbox."""
