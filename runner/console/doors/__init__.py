"""Who may look, who may act: tokens, sessions, and what each request has to show."""
