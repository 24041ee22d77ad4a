"""The product: what venues, viewers and apps meet, composed from the leaves."""
