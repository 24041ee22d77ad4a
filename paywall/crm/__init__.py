"""The person page, tags, links between people, data requests."""
