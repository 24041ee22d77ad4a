"""Gateway port, routing, mandates, disputes, inbox, reconciler."""
