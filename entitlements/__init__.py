"""Who may watch what and when, and the tokens that prove it. A leaf."""
