"""What a running daemon shows of itself, over HTTP and to systemd."""
