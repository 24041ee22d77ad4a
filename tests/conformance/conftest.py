"""Which benches the port suites run on; one line each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

import pytest

from tests.conformance.benches import adyen
from tests.conformance.gateway_bench import Bench

BENCHES: dict[str, Callable[[], AbstractAsyncContextManager[Bench]]] = {
    "adyen": adyen.bench,
}


@pytest.fixture(params=sorted(BENCHES))
async def bench(request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    async with BENCHES[request.param]() as made:
        yield made
