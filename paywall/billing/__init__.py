"""Invoices, tax, statements."""
