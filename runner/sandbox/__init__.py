"""Twilio's live calls on this machine: the Calls API over HTTP and calls that play."""

from runner.sandbox.clock import DEFAULT_START, Clock, ManualClock, RunningClock
from runner.sandbox.faults import Fault
from runner.sandbox.identity import ACCOUNT_SID, API_KEY, API_SECRET, AUTH_TOKEN, Account
from runner.sandbox.legs import Source
from runner.sandbox.plans import CallPlan, Person
from runner.sandbox.service import Sandbox

__all__ = [
    "ACCOUNT_SID",
    "API_KEY",
    "API_SECRET",
    "AUTH_TOKEN",
    "DEFAULT_START",
    "Account",
    "CallPlan",
    "Clock",
    "Fault",
    "ManualClock",
    "Person",
    "RunningClock",
    "Sandbox",
    "Source",
]
