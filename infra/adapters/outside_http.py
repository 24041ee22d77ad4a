"""The one HTTP client for addresses that strangers supply (law 14). Everyone else's uses httpx.

It resolves the name itself, refuses the call unless every address found is a public one, and
connects to the very address it checked: between the check and the connection no name is looked up
again, so a name that changes its mind (DNS rebinding) gains nothing. TLS still checks the
certificate against the name (httpcore's `sni_hostname`), the Host header carries it too.
Connections are not kept, so none that was opened for one name serves another.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import cache
from urllib.parse import urljoin, urlsplit

import httpx
import msgspec

from infra.kernel.db import refuse_inside_transaction

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""(host, port) -> addresses as text; raises OSError when there is none."""

TOTAL_S = 10.0
MAX_BYTES = 64 * 1024
MAX_REDIRECTS = 3
_GLOBAL_UNICAST_V6 = ipaddress.ip_network("2000::/3")  # RFC 4291 section 2.4, IANA's only one
_TUNNELS_V6 = (
    ipaddress.ip_network("2002::/16"),  # 6to4, RFC 3056: hides an IPv4 address
    ipaddress.ip_network("2001::/32"),  # Teredo, RFC 4380: so does this
)
_RELAY_V4 = ipaddress.ip_network("192.88.99.0/24")  # 6to4 relays, deprecated by RFC 7526


class AddressRefused(Exception):
    """The address is not one that a tenant may make us call. The text may be shown to them."""


class OutsideUnreachable(Exception):
    """Nothing was handed over: no such name, nobody listening, no trust in the certificate."""


class OutsideBroke(Exception):
    """It broke, took too long or said too much after the request had begun to leave."""


class OutsideRules(msgspec.Struct, frozen=True, kw_only=True):
    """What the call's owner allows. Live mode: https only and no loopback."""

    https_only: bool
    allow_loopback: bool = False


class OutsideAnswer(msgspec.Struct, frozen=True, kw_only=True):
    status: int
    url: str  # where it came from, after redirects
    headers: Mapping[str, str]  # names in lower case
    body: bytes  # at most max_bytes
    cut: bool  # there was more


async def system_resolver(host: str, port: int) -> Sequence[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_public(address: Address) -> bool:
    """Reachable for anyone on the Internet, and neither ours nor a neighbour's.

    Python's `is_global` follows IANA's special-purpose registries: private, loopback, link-local
    (the cloud's metadata service), shared (RFC 6598, CGNAT), documentation and reserved ranges
    are not global. Multicast partly is, so it is refused by name.
    """
    if isinstance(address, ipaddress.IPv6Address):
        if address not in _GLOBAL_UNICAST_V6:
            # Also keeps out IPv4-mapped (::ffff:0:0/96) and NAT64 (64:ff9b::/96) addresses.
            return False
        if any(address in net for net in _TUNNELS_V6):
            return False
    elif address in _RELAY_V4:
        return False
    return address.is_global and not (
        address.is_multicast or address.is_reserved or address.is_unspecified
    )


def check(found: Sequence[str], rules: OutsideRules) -> list[Address]:
    """The addresses to connect to; AddressRefused when one of them is not allowed."""
    addresses = [ipaddress.ip_address(one.partition("%")[0]) for one in found]
    for address in addresses:
        if not (is_public(address) or (rules.allow_loopback and address.is_loopback)):
            raise AddressRefused("The address leads into a private network.")
    if not addresses:
        raise OutsideUnreachable("The name has no address.")
    return addresses


@cache
def trusted() -> ssl.SSLContext:
    """The authorities of this machine, the same for every client: reading them takes 20 ms."""
    return ssl.create_default_context()


class OutsideClient:
    """GETs and POSTs bounded in time and size. `tls` replaces the trusted authorities in tests."""

    def __init__(
        self, *, resolver: Resolver = system_resolver, tls: ssl.SSLContext | None = None,
        total_s: float = TOTAL_S, user_agent: str = "paywall/1",
    ) -> None:  # fmt: skip
        self._resolver = resolver
        self._total_s = total_s
        self._http = httpx.AsyncClient(
            verify=tls if tls is not None else trusted(),
            # A proxy of the environment would look names up by itself.
            trust_env=False,
            follow_redirects=False,
            timeout=httpx.Timeout(total_s),
            limits=httpx.Limits(max_connections=100, max_keepalive_connections=0),
            headers={"user-agent": user_agent, "accept-encoding": "identity"},
        )

    async def post(
        self, url: str, *, headers: Mapping[str, str], body: bytes, rules: OutsideRules,
        max_bytes: int = MAX_BYTES,
    ) -> OutsideAnswer:  # fmt: skip
        """One POST; redirects are answers like any other, never followed."""
        refuse_inside_transaction("OutsideClient.post")
        async with self._bounded():
            return await self._once("POST", url, headers, body, rules, max_bytes)

    async def get(
        self, url: str, *, headers: Mapping[str, str] | None = None, rules: OutsideRules,
        max_bytes: int = MAX_BYTES,
    ) -> OutsideAnswer:  # fmt: skip
        """One GET, following up to three redirects, each checked like the first address.

        `headers` stay behind when a redirect leads to another origin.
        """
        refuse_inside_transaction("OutsideClient.get")
        headers = headers or {}
        async with self._bounded():
            for _ in range(MAX_REDIRECTS + 1):
                answer = await self._once("GET", url, headers, None, rules, max_bytes)
                target = answer.headers.get("location")
                if answer.status not in (301, 302, 303, 307, 308) or target is None:
                    return answer
                url, same_origin = _follow(url, target)
                if not same_origin:
                    headers = {}
            raise AddressRefused("The address redirects too often.")

    async def close(self) -> None:
        await self._http.aclose()

    @asynccontextmanager
    async def _bounded(self) -> AsyncIterator[None]:
        """The whole call's time limit, drip-fed answers and slow name servers included."""
        try:
            async with asyncio.timeout(self._total_s):
                yield
        except TimeoutError as error:
            raise OutsideBroke(f"No whole answer within {self._total_s:g} seconds.") from error

    async def _once(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None,
        rules: OutsideRules, max_bytes: int,
    ) -> OutsideAnswer:  # fmt: skip
        parsed = parse(url, rules)
        port = parsed.port or {"http": 80, "https": 443}[parsed.scheme]
        try:
            found = await self._resolver(parsed.host, port)
        except (OSError, UnicodeError) as error:
            raise OutsideUnreachable("The name has no address.") from error
        for address in check(found, rules)[:3]:
            request = self._http.build_request(
                method,
                parsed.copy_with(host=str(address)),
                headers={"host": parsed.netloc.decode("ascii"), **headers},
                content=body,
                extensions={"sni_hostname": parsed.raw_host.decode("ascii")},
            )
            try:
                return await self._exchange(request, url, max_bytes)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                problem = error
        raise OutsideUnreachable(f"No connection: {type(problem).__name__}.") from problem

    async def _exchange(self, request: httpx.Request, url: str, max_bytes: int) -> OutsideAnswer:
        try:
            response = await self._http.send(request, stream=True)
            try:
                body, cut = await _read(response, max_bytes)
            finally:
                await response.aclose()
        except (httpx.ConnectError, httpx.ConnectTimeout):
            raise
        except httpx.HTTPError as error:
            raise OutsideBroke(f"The connection broke: {type(error).__name__}.") from error
        return OutsideAnswer(
            status=response.status_code,
            url=url,
            headers={name.lower(): value for name, value in response.headers.items()},
            body=body,
            cut=cut,
        )


def parse(url: str, rules: OutsideRules) -> httpx.URL:
    """The address in its parts; AddressRefused for what we never call."""
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError) as error:
        raise AddressRefused("This is not an address.") from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise AddressRefused("Only http and https addresses are called.")
    if rules.https_only and parsed.scheme != "https":
        raise AddressRefused("Only https addresses are called in live mode.")
    if parsed.port is not None and not 0 < parsed.port < 65536:
        raise AddressRefused("There is no such port.")
    if parsed.userinfo:
        raise AddressRefused("An address with a user or password in it is not called.")
    return parsed


def _follow(url: str, location: str) -> tuple[str, bool]:
    """Where a redirect leads, and whether that is the same origin."""
    try:
        target = urljoin(url, location)
        return target, urlsplit(target)[:2] == urlsplit(url)[:2]
    except ValueError as error:
        raise AddressRefused("It redirects to something that is no address.") from error


async def _read(response: httpx.Response, max_bytes: int) -> tuple[bytes, bool]:
    """Raw bytes, so that a compressed bomb stays packed."""
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > max_bytes:
            return bytes(body[:max_bytes]), True
    return bytes(body), False
