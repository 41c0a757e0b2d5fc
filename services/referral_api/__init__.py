"""The referral's life: intake, offers, acceptance, closure. The one owner of its state."""
