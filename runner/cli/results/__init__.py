"""What `callflow test` tells."""
