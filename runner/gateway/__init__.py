"""Twilio through its own SDK: the only importer of `twilio.rest`."""
