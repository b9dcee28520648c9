"""What everything else stands on: settings, secrets, errors, the disk."""
