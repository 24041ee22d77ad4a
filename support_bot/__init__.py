"""Articles, retrieval, conversations and cases. A leaf."""
