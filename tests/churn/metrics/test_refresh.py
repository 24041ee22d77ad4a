"""What pages read after a refresh, on SQLite and PostgreSQL."""

from __future__ import annotations

import pytest

from churn.metrics import read
from churn.metrics.definitions import FIGURES
from churn.metrics.refresh import Computed, compute, keep
from infra.kernel.db import Database
from tests.churn.history import VENUE, History
from tests.churn.metrics.told import ZONE, spring


@pytest.fixture(scope="module")
def computed(tmp_path_factory: pytest.TempPathFactory) -> Computed:
    history = spring(History(tmp_path_factory.mktemp("spring")))
    history.watched("ann", "2026-03-05 20:00", 60)
    history.bought("=ann", "2026-03-01", 1200, concert_id="con_1")
    return compute(history.facts("2026-04-20"), ZONE)


@pytest.mark.slow
async def test_a_page_opens_every_figure_to_its_rows(
    database: Database, computed: Computed
) -> None:
    for _ in range(2):
        await keep(database, VENUE, computed)
    async with database.read() as tx:
        run = await read.last_run(tx, VENUE)
        assert run is not None
        assert run.as_of == computed.as_of
        for figure in FIGURES:
            for definition in figure.definitions:
                values = await read.values(tx, VENUE, figure.name, definition.name)
                some = [value for value in values if value.value and value.month > "2026-01"]
                assert some or definition.name == "simple", (figure.name, definition.name)
                for value in some:
                    behind = await read.behind(
                        tx, VENUE, figure.name, value.month, definition.name,
                        currency=value.currency, dimension=value.dimension,
                    )  # fmt: skip
                    assert behind.rows, (figure.name, definition.name, value)
                    assert behind.total == len(behind.rows)
        [march] = await read.values(tx, VENUE, "mrr", since="2026-03", until="2026-03")
        assert (march.value, march.currency, march.count) == (3000, "EUR", 3)
        behind = await read.behind(tx, VENUE, "arpu", "2026-03", currency="EUR")
        assert sum(row["amount"] for row in behind.rows) == 3000
        sold = await read.behind(tx, VENUE, "event_revenue", "2026-03")
        assert "'=ann" in read.rows_csv(sold), "no spreadsheet takes it for a formula"
        assert read.values_csv([march]).splitlines()[1] == "2026-03,EUR,,,3000.0,,,3"
        assert await read.values(tx, "ven_other", "mrr") == []
        with pytest.raises(KeyError):
            await read.values(tx, VENUE, "mrr", "nobody's")
