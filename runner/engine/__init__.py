"""The loop: list, decide, record intent, recheck, apply, record outcome."""
