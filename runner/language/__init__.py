"""Text to flows: YAML with positions, schema violations as problems, compiling to records."""
