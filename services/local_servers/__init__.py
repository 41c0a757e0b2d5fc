"""Real Apache Kafka and PostgreSQL from pip alone, for tests and ``handoff up --local-servers``."""
