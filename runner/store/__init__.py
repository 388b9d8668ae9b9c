"""Stores behind one protocol: SQLite, one file, nothing to install."""
