"""Trying a capacity policy on made-up towns before anybody depends on it."""
