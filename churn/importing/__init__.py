"""History from elsewhere: CSV lines become facts, by a mapping that a person can read."""
