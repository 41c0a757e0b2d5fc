"""HTTP in: each route reads its call, runs one use case, and shapes the answer."""
