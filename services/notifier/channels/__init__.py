"""The ways out: letters, their texts, and the mail channels that carry them."""
