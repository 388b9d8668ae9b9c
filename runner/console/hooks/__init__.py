"""Twilio's status callbacks: checked, and turned into a look at the call."""
