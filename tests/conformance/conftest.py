"""Which benches the port suites run on; one line each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

import pytest

from tests.conformance.benches import adyen, sandbox, stripe
from tests.conformance.gateway_bench import Bench

# A bench may need a process that outlives one test: the context gets pytest's request for that.
BENCHES: dict[str, Callable[[pytest.FixtureRequest], AbstractAsyncContextManager[Bench]]] = {
    "adyen": lambda _request: adyen.bench(),
    "sandbox": lambda request: sandbox.merchant(request.getfixturevalue("sandbox_process").url),
    "stripe": lambda _request: stripe.bench(),
}


@pytest.fixture(params=sorted(BENCHES))
async def bench(request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    async with BENCHES[request.param](request) as made:
        yield made
