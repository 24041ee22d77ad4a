"""The embedded payment processor "Sandbox": a separate process with a file of its own.

It stands for an outside service, so it shares no table, secret or import with the shop
(only the kernel's money, ids, clock and group commit). `python -m infra.adapters.sandbox_server`.
"""
