"""The verbs: what the notifier does, one file each."""
