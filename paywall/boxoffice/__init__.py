"""Tills."""
