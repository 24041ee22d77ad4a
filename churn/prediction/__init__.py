"""The product's own models: who leaves by choice, whose next payment fails, who falls silent."""
