"""Integration tests of referral_api: over HTTP and events, on a database of the test's own."""
