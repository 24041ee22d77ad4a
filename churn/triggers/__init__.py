"""Actions that keep people: when and for whom, what is done, who is held out, what it changed."""
