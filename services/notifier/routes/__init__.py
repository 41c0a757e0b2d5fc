"""HTTP in: one module per noun."""
