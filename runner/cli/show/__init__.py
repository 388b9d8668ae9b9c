"""What `callflow demo` plays."""
