"""What `callflow plan` and `callflow why` look at, and how they show it."""
