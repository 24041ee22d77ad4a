"""The venue's console at /console: one file per noun. Pages only: use cases decide."""
