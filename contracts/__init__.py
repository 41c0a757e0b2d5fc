"""What the services say to each other and to the world: words, events, bodies, problems, topics."""
