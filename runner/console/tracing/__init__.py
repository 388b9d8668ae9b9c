"""OpenTelemetry: spans of polls, acts and requests."""
