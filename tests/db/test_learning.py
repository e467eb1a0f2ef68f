"""Learning from the ledger: a version is made of outcomes known by then, and a round that used one is replayed alike."""

from datetime import timedelta

import pytest

from db import learning
from db.models import reading
from openoutcry.errors import BadInput
from openoutcry.learning.learned import LEARNED, Learned
from tests.factories import ORG, Session


@pytest.fixture
async def session(write):
    """A session of two hundred rounds."""
    session = Session(seed=11)
    session.made = session.run(200, extras=False)
    session.writer = await write(session, session.made)
    return session


async def test_a_version_is_made_of_what_was_known(pool, session):
    done = await learning.looked_back(pool, ORG, None)
    assert done.judged > 100
    assert {row.agent for row in done.rows} == {"technical"}
    kept = await learning.keep(pool, ORG, done, "tests")
    assert (kept.name, kept.version, kept.stage) == (LEARNED, "1.0.0", "None")
    body = await reading.artefact(pool, kept.id)
    read = Learned.model_validate({**body, "version": kept.version})
    assert read == done.learned.model_copy(update={"version": "1.0.0"})
    assert await learning.keep(pool, ORG, done, "tests") == kept


async def test_the_past_is_learned_from_as_it_stood(pool, session):
    """What came after makes no difference: half the ledger, and the whole one as of then, teach the same."""
    middle = session.made[100].as_of
    whole = await learning.looked_back(pool, ORG, middle)
    await pool.execute("DELETE FROM votes WHERE created_at > $1", middle + timedelta(seconds=1))
    assert (await learning.looked_back(pool, ORG, middle)) == whole
    assert whole.learned.known_by == middle


async def test_a_version_says_how_many_of_its_outcomes_a_model_may_have_read(pool, session):
    middle = session.made[100].as_of
    await pool.execute("UPDATE votes SET model = 'anthropic:one' WHERE created_at <= $1", middle)
    done = await learning.looked_back(pool, ORG, None, {"one": middle.date()})
    (reading,) = done.readings
    kept = await learning.keep(pool, ORG, done, "tests")
    assert 0 < reading.decisions < done.judged
    assert kept.metrics["outcomes_perhaps_read"] == reading.decisions


async def test_without_a_round_there_is_nothing_to_learn(pool):
    with pytest.raises(BadInput, match="no round yet"):
        await learning.looked_back(pool, ORG, None)
