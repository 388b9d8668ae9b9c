"""Flows, calls, history and time to verdicts and steps: pure, shared by plan, run and tests."""
