"""The part of the bot that learns: everything that needs numpy lives here and is imported late."""
