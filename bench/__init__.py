"""Measurements of callflow against its targets and its peers: `python3 dev.py bench`."""
