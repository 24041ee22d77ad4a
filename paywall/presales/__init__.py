"""The charge run of a presale or funding campaign."""
