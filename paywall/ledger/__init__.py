"""Postings and balances."""
