"""The person page, tags, links between people, data requests; who came to a venue's pages."""
