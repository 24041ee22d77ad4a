"""One file per outside service; each imports only the port it implements."""
