"""What `callflow top` draws, and what its keys do."""
