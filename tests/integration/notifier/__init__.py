"""The notifier on real files: events in, letters and figures out."""
