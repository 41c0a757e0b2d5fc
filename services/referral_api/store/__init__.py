"""All SQL of referral_api. It never commits: the edge opens the transaction."""
