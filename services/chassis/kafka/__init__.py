"""The event log on Apache Kafka; the one package that knows the client library."""
