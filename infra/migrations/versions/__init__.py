"""One file a step; their numbers are the order. Written by `make migration`."""
