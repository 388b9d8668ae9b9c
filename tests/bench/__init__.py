"""Tests of the measurements: that they run, and report what they found."""
