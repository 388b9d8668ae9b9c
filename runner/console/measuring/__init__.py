"""The numbers for Prometheus."""
