"""Time in: deliveries and reminders."""
