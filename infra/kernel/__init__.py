"""What lies below everyone: money, clock, ids, errors, db, settings. Imports nothing of ours."""
