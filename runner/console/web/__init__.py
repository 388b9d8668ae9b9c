"""The server itself: what it serves, what it bears, and how it answers."""
