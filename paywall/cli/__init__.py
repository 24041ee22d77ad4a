"""The paywall command."""
