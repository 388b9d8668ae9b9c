"""Everything that is known of the runner, as documents: what the API and the page show."""
