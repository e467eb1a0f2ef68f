"""The artefact: plain JSON out and in, named by its digest, and refused when it is not a model."""

import copy
import json
from datetime import timedelta
from typing import Any

import pytest

from openoutcry.canonical import digest
from openoutcry.errors import BadInput
from openoutcry.regime.model import parse_model
from tests.openoutcry.regime.markets import START, planted

MODEL = planted()


def test_it_comes_back_from_json_as_it_was() -> None:
    stored = json.loads(json.dumps(MODEL.model_dump(mode="json")))
    assert parse_model(stored) == MODEL
    assert digest(stored) == MODEL.content_hash == parse_model(stored).content_hash
    assert planted(spread=0.6).content_hash != MODEL.content_hash


def test_what_it_was_trained_on_it_has_seen() -> None:
    assert MODEL.in_sample(START) and MODEL.in_sample(START - timedelta(days=1))
    assert not MODEL.in_sample(START + timedelta(seconds=1))


@pytest.mark.parametrize(
    ("place", "value", "field"),
    [
        (("means", 0, 0), float("nan"), "artefact.means.0.0"),
        (("means", 0, 0), "0.5", None),
        (("means",), [[0.0] * 4] * 4, "artefact.means"),
        (("means", 1), [0.0] * 3, "artefact.means.1"),
        (("start", 0), 0.9, None),
        (("transitions", 2, 0), -0.1, None),
        (("covariances", 3), [[0.0] * 4] * 4, None),
        (("covariances", 3, 0, 1), 0.3, None),
        (("labels", 0), "mega_bull", "artefact.labels.0"),
        (("labelling",), "by_luck", "artefact.labelling"),
        (("features",), "regime-v0", "artefact.features"),
        (("kind",), "pickle", "artefact.kind"),
        (("timeframe",), "60m", None),
        (("trained_until",), "2020-01-01T00:00:00", "artefact.trained_until"),
        (("trained_from",), "2030-01-01T00:00:00Z", None),
        (("code",), "import os", "artefact.code"),
    ],
)
def test_what_is_no_model_is_refused_by_name(place: tuple[Any, ...], value: Any, field: str | None) -> None:
    artefact: Any = copy.deepcopy(json.loads(json.dumps(MODEL.model_dump(mode="json"))))
    inside = artefact
    for step in place[:-1]:
        inside = inside[step]
    inside[place[-1]] = value
    if place == ("means", 0, 0) and value == "0.5":
        assert parse_model(artefact) == MODEL  # a number as text is that number
        return
    with pytest.raises(BadInput) as caught:
        parse_model(artefact)
    if field is not None:
        assert caught.value.field == field


@pytest.mark.parametrize("artefact", [None, [], "model", 7, {}])
def test_what_is_not_even_a_mapping_is_refused(artefact: Any) -> None:
    with pytest.raises(BadInput, match="artefact"):
        parse_model(artefact)
