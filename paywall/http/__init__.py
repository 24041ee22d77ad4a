"""What every route shares: principals, guards, problems, idempotency, limits."""
