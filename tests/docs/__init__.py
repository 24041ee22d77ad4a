"""What the documentation says is run or counted here, so that it can't rot."""
