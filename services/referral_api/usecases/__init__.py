"""The verbs of referral_api, one file each; the edges open their transactions."""
