"""Venues, seasons, events, streams, channels, replays."""
