"""What people see: templates, words, dates, artwork. Presentation only: no database, no routes."""
