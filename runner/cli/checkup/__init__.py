"""What `callflow doctor` looks at."""
