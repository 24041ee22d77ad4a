"""What is for sale and what it costs this person now. A leaf: no web framework, no vendor."""
