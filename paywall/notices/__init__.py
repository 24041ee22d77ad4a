"""Service mails, webhooks out, the outbox."""
