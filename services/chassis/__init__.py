"""The runtime that the services share; it does not know what a referral is."""
