"""Sweeps in the database: one row each, and who lives."""

import psycopg
import pytest

from db.keys import DEFAULT_ORG
from db.sweeps import SweepLost, SweepStore
from openoutcry.errors import BadInput

SPEC = {"trials": 5, "method": "grid"}


@pytest.fixture
def stores(fresh_database):
    made = [SweepStore(fresh_database, DEFAULT_ORG) for _ in range(2)]
    yield made
    for store in made:
        store.close()


def test_a_sweep_is_made_once_and_only_the_same_one_may_use_its_name(stores):
    one, two = stores
    assert one.create("s", SPEC, "d1") == two.create("s", SPEC, "d1") == two.find("s")
    with pytest.raises(BadInput, match="it differs in trials") as caught:
        two.create("s", {**SPEC, "trials": 6}, "d2")
    assert caught.value.field == "study"
    with pytest.raises(BadInput, match="there is no sweep 'other'"):
        one.find("other")
    assert [row["name"] for row in one.list()] == ["s"]


def test_states(stores):
    one, two = stores
    sweep = one.create("s", SPEC, "d")
    assert not one.cancelled(sweep)
    assert two.cancel("s") and one.cancelled(sweep)
    assert not two.cancel("s"), "it was not running any more"
    one.complete(sweep, {"late": 1})
    assert one.find("s").result is None, "what was cancelled is not completed"
    one.reopen(sweep)
    one.complete(sweep, {"first": 1})
    two.complete(sweep, {"second": 2})
    assert two.find("s").result == {"first": 1}
    assert not two.cancel("s")
    two.reopen(sweep)
    assert two.find("s").status == "COMPLETED"


def test_a_process_is_alive_until_its_connection_ends(stores, fresh_database):
    one, two = stores
    assert one.join() != two.join()
    assert one.join() == one.worker, "once"
    assert two.alive() == {one.worker, two.worker}
    third = SweepStore(fresh_database, DEFAULT_ORG)
    number = third.join()
    with psycopg.connect(fresh_database, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s)", (third._connection.info.backend_pid,))
        for _ in range(100):
            if number not in one.alive():
                break
            other.execute("SELECT pg_sleep(0.05)")
    assert one.alive() == {one.worker, two.worker}
    with pytest.raises(SweepLost, match="the database is away"):
        third.find("s")


def test_trials_are_taken_by_one_process_at_a_time(stores, fresh_database):
    one, two = stores
    sweep = one.create("s", SPEC, "d")
    with one.claiming(sweep):
        two._connection.execute("SET lock_timeout = '100ms'")
        with pytest.raises(SweepLost, match="does not move on"), two.claiming(sweep):
            pass
    with two.claiming(sweep):
        pass


def test_no_server_is_no_traceback():
    with pytest.raises(SweepLost):
        SweepStore("postgresql://nobody@127.0.0.1:1/none", DEFAULT_ORG)
