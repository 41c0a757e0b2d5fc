"""Unit tests of referral_api: the nouns, without a database."""
