"""All SQL of the notifier, a module per noun; nothing here commits."""
