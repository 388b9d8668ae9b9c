"""What `callflow run` puts together: engines, console, log, signals."""
