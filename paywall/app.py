"""create_app(parts): the one composition root."""
