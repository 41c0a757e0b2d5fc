"""Real Kafka and PostgreSQL, started from what pip has installed."""
