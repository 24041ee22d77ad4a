"""Marketing messages and their delivery."""
