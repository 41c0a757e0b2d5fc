"""The nouns of a referral's life: states, offers, deadlines, facts. Pure."""
