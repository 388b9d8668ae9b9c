"""What `callflow explain` and the reference say."""
