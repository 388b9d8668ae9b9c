"""Timeline tests: flows played through the real engine, against calls that a file describes."""
