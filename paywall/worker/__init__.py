"""Work is rows; this finds what is due and does it."""
