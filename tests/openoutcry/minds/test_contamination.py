"""Whether a model may have read what came: by its cut-off day, and never clean where nobody knows."""

from datetime import date

import pytest

from openoutcry.minds.contamination import Said, mark, readings, worst

CUTOFFS = {"haiku": date(2025, 7, 31), "nameless": None}
BEFORE, ON, AFTER = date(2025, 7, 30), date(2025, 7, 31), date(2025, 8, 1)


@pytest.mark.parametrize(
    ("mind", "day", "source", "expected"),
    [
        ("anthropic:haiku", BEFORE, "recorded", "contaminated"),
        ("anthropic:haiku", ON, "recorded", "contaminated"),
        ("anthropic:haiku", AFTER, "recorded", "clean"),
        ("anthropic:haiku", AFTER, "live", "clean"),
        ("anthropic:haiku", BEFORE, "synthetic", "made"),
        ("compatible:llama", AFTER, "recorded", "unknown"),
        ("compatible:llama", AFTER, "live", "unknown"),
        ("openai:nameless", AFTER, "recorded", "unknown"),
        ("rules", BEFORE, "recorded", "none"),
        ("none", BEFORE, "recorded", "none"),
        ("scripted", BEFORE, "recorded", "none"),
    ],
)
def test_the_mark_of_one_decision(mind, day, source, expected):
    assert mark(mind, day, source, CUTOFFS) == expected


def test_the_worst_speaks_for_all():
    assert worst(["none", "clean", "unknown", "made"]) == "unknown"
    assert worst(["clean", "contaminated", "unknown"]) == "contaminated"
    assert worst([]) == "none"


def test_readings_count_by_agent_and_model_and_leave_rules_out():
    said = [
        Said("trend", "anthropic:haiku", BEFORE, "recorded", 3), Said("trend", "anthropic:haiku", AFTER, "recorded", 2),
        Said("trend", "compatible:llama", AFTER, "recorded"), Said("risk", "rules", BEFORE, "recorded", 9),
    ]  # fmt: skip
    haiku, llama = readings(said, CUTOFFS)
    assert (haiku.agent, haiku.model, haiku.decisions) == ("trend", "anthropic:haiku", 5)
    assert (haiku.mark, haiku.marks) == ("contaminated", {"contaminated": 3, "clean": 2})
    assert (llama.mark, llama.knows_until) == ("unknown", None)
    assert "CONTAMINATED" in haiku.told and "2025-07-31" in haiku.told
    assert "UNKNOWN cut-off" in llama.told and "nobody configured" in llama.told
