"""The tests: unit, contract, architecture, integration and journey."""
