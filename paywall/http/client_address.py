"""Where a request comes from: the peer, or what a trusted proxy says about it."""

from __future__ import annotations

import ipaddress
from functools import cache

from litestar.types import Scope

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@cache
def _networks(trusted_proxies: str) -> tuple[Network, ...]:
    names = [name.strip() for name in trusted_proxies.split(",") if name.strip()]
    return tuple(ipaddress.ip_network(name, strict=False) for name in names)


def _is_in(address: str, networks: tuple[Network, ...]) -> bool:
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(ip in network for network in networks)


def client_address(scope: Scope, trusted_proxies: str) -> str:
    """The caller's IP address as text; empty where the server knows none (a Unix socket).

    `trusted_proxies` is the setting: comma-separated addresses or networks. X-Forwarded-For is read
    from the right, and only while the one who wrote it is trusted: what stands left of that is
    the caller's own invention.
    """
    client = scope.get("client")
    address = client[0] if client else ""
    networks = _networks(trusted_proxies)
    if not networks or not _is_in(address, networks):
        return address
    lines = [v.decode("latin-1") for k, v in scope["headers"] if k == b"x-forwarded-for"]
    for hop in reversed([hop.strip() for line in lines for hop in line.split(",")]):
        if not hop:
            continue
        address = hop
        if not _is_in(hop, networks):
            break
    return address[:64]


def told_country(scope: Scope, trusted_proxies: str) -> str:
    """The country that a trusted proxy says the caller is in, ISO 3166-1 alpha-2; else empty.

    CloudFront and Cloudflare name it in these headers (their manuals, as of 2026-11).
    """
    client = scope.get("client")
    if client is None or not _is_in(client[0], _networks(trusted_proxies)):
        return ""
    named = {b"cloudfront-viewer-country", b"cf-ipcountry"}
    told = next((v.decode("latin-1") for k, v in scope["headers"] if k in named), "")
    # Cloudflare says XX where it doesn't know, and T1 for Tor.
    return told if len(told) == 2 and told.isalpha() and told.isupper() and told != "XX" else ""


def is_direct_loopback(scope: Scope) -> bool:
    """A program on this machine itself, not a proxy on it that speaks for the world."""
    client = scope.get("client")
    if client is None or any(k in {b"x-forwarded-for", b"forwarded"} for k, _ in scope["headers"]):
        return False
    return _is_in(client[0], _networks("127.0.0.0/8,::1/128"))
