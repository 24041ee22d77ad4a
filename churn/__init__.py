"""Who is about to leave and why. A leaf."""
