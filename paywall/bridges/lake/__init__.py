"""From the product's rows to the lake of facts: one module a table, and the runs that call them."""
