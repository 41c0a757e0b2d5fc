"""The event log on real Kafka brokers."""
