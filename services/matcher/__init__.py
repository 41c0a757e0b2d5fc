"""The matcher: the provider directory, capacity, and the decision who is offered what, and why."""
