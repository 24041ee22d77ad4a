"""People, log-in, customers, staff and roles, API keys, consents, audit log."""
