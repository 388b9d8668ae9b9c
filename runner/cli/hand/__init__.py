"""What `callflow calls` does by hand."""
