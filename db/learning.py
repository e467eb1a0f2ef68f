"""What was learned of the voices, kept in the model registry: made from the ledger's outcomes, one version in production."""

from datetime import datetime
from uuid import UUID

import asyncpg

from db.models.registering import Trained, register
from db.models.rows import ModelVersion
from db.reads.debates import debate_effects
from db.reads.hindsight import judged_votes
from openoutcry.errors import BadInput
from openoutcry.learning.fitting import LEAST
from openoutcry.learning.learned import LEARNED
from openoutcry.learning.report import Report, report
from openoutcry.minds.contamination import NOBODY_KNOWS, TRUSTED, Cutoffs

KIND = "voices"
MOST_VOTES = 200_000
"""Votes that are looked at: the newest."""
NEWEST = "SELECT max(as_of) FROM cycles WHERE org_id = $1"


async def looked_back(
    pool: asyncpg.Pool, org_id: UUID, as_of: datetime | None, cutoffs: Cutoffs = NOBODY_KNOWS
) -> Report:
    """The report over every vote of the org as it stood at ``as_of``, by default at the newest record. ``cutoffs``
    say until when models have read. Raises BadInput while there is no record.
    """
    at = as_of or await pool.fetchval(NEWEST, org_id)
    if at is None:
        raise BadInput("there is no round yet; `outcry up` starts the floor", field="as_of")
    judged, pending = await judged_votes(pool, org_id, None, as_of=at, most=MOST_VOTES, markets=True)
    return report(judged, pending, at, await debate_effects(pool, org_id, at), cutoffs)


async def keep(pool: asyncpg.Pool, org_id: UUID, done: Report, who: str) -> ModelVersion:
    """Register what a report learned, as the next version; nothing changes until it is promoted. Raises BadInput with too
    few outcomes.
    """
    if not done.learned.cells or done.since is None:
        raise BadInput(
            f"{done.judged} votes have a known end: no agent has {LEAST} of one kind yet", field="as_of"
        )
    every = done.ahead[-1]
    trained = Trained(
        name=LEARNED,
        kind=KIND,
        artefact=done.learned.model_dump(mode="json", exclude={"version"}),
        parameters={"least_outcomes": LEAST, "eta": done.shared.eta, "alpha": done.shared.alpha},
        metrics={
            "outcomes": done.judged,
            "outcomes_perhaps_read": sum(
                count for one in done.readings for mark, count in one.marks.items() if mark not in TRUSTED
            ),
            "rounds": done.shared.rounds,
            "ece_stated": every.stated.ece,
            "ece_calibrated": every.calibrated.ece,
            "brier_stated": every.stated.brier,
            "brier_calibrated": every.calibrated.brier,
            "brier_base_rate": every.base_brier,
            "loss": done.shared.loss,
            "loss_of_equal_weights": done.shared.equal_loss,
            "largest_regret": max(done.shared.regret.values(), default=0.0),
            "regret_bound": done.shared.bound,
        },
        seed=0,
        trained_from=done.since,
        trained_until=done.as_of,
    )
    return await register(pool, org_id, trained, who)
