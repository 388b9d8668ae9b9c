"""Twilio's live calls on this machine: the Calls API over HTTP and calls that play."""
