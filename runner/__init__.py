"""Declarative rules for live phone calls: YAML flows that act on Twilio calls in progress."""

__version__ = "0.1.0"
