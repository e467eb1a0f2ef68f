"""Pages become documents that can be searched, walked and followed backwards."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openoutcry.errors import NotFound
from openoutcry.knowledge.base import Knowledge, knowledge
from openoutcry.knowledge.document import document
from openoutcry.knowledge.glossary import terms
from openoutcry.knowledge.index import Entry, Index, stem, tokens

JOBS = """# Jobs

Work that takes [long](risk.md#the-gate). It is **queued**.

## States

```sh
# not a heading
```

### Ended

A job is over. Its mark to market is known.

## States

Hedged positions wait.
"""
RISK = "# Risk\n\n## The gate\n\nHedging rules of `max_drawdown`.\n\n[Jobs](jobs.md)\n"
WHY = "# 1. Why\n\nSee [the jobs](../jobs.md#states-1).\n"
TERMS = "# Glossary\n\nWords.\n\n**Mark to market** (MTM): What it is [worth](jobs.md)\nnow.\n\n**Gate**: A check.\n"
PAGES = {"jobs.md": JOBS, "risk.md": RISK, "decisions/0001-why.md": WHY, "glossary.md": TERMS}


@pytest.fixture(scope="module")
def base() -> Knowledge:
    return knowledge(PAGES)


def test_a_page_is_a_tree_of_sections_with_unlike_anchors() -> None:
    page = document("jobs", JOBS)
    assert (page.title, page.summary) == ("Jobs", "Work that takes long. It is queued.")
    assert [(one.anchor, one.level) for one in page.walk()] == [
        ("jobs", 1), ("states", 2), ("ended", 3), ("states-1", 2),
    ]  # fmt: skip
    assert [child.title for child in page.sections[0].children] == ["States", "States"]
    assert "# not a heading" in page.sections[0].children[0].content


def test_the_glossary_says_term_abbreviation_and_meaning() -> None:
    found = terms(document("glossary", TERMS))
    assert [(one.term, one.abbreviation, one.anchor) for one in found] == [
        ("Mark to market", "MTM", "mark-to-market"), ("Gate", None, "gate"),
    ]  # fmt: skip
    assert found[0].definition == "What it is worth now."


def test_the_best_section_comes_first_and_scores_one(base: Knowledge) -> None:
    hits = base.search("gate hedging")
    assert (hits[0].place.document.slug, hits[0].place.section.anchor) == ("risk", "the-gate")
    assert hits[0].score == 1.0 and sorted((h.score for h in hits), reverse=True) == [h.score for h in hits]
    assert "Hedging rules" in hits[0].snippet


def test_expansion_finds_other_forms_and_what_the_glossary_calls_it(base: Knowledge) -> None:
    def found(query: str, expand: bool) -> set[str]:
        return {
            f"{h.place.document.slug}#{h.place.section.anchor}" for h in base.search(query, expand=expand)
        }

    assert {"jobs#states-1", "risk#the-gate"} <= found("hedge", True)
    assert "risk#the-gate" not in found("hedged", False) and "jobs#states-1" in found("hedged", False)
    assert "jobs#ended" in found("mtm", True) and "jobs#ended" not in found("mtm", False)
    assert "risk#the-gate" in found("drawdown", False)  # a part of max_drawdown
    assert found("zzzz", True) == set()


def test_tags_narrow_a_search_and_count_their_documents(base: Knowledge) -> None:
    assert {h.place.document.slug for h in base.search("jobs", tags=["decision"])} == {"decisions-0001-why"}
    assert base.tags()["decision"] == 1 and {one.slug for one in base.tagged("risk")} == {"risk"}
    with pytest.raises(NotFound):
        base.tagged("nothing")


def test_backlinks_are_links_to_a_page_or_heading_and_mentions_of_a_term(base: Knowledge) -> None:
    def found(target: str) -> list[str]:
        return [f"{b.place.document.slug}#{b.place.section.anchor}" for b in base.backlinks(target)]

    assert set(found("jobs")) >= {"risk#the-gate", "decisions-0001-why#1-why"}
    assert found("jobs#states-1") == found("states-1") == ["decisions-0001-why#1-why"]
    assert found("the-gate") == ["jobs#jobs"]
    assert found("mark-to-market") == ["jobs#ended"]
    assert found("nothing") == []


def test_terms_are_found_by_any_of_their_names(base: Knowledge) -> None:
    assert {base.term(name).term for name in ("mtm", "Mark to Market", "mark-to-market")} == {
        "Mark to market"
    }
    with pytest.raises(NotFound):
        base.term("alpha")


def test_every_signal_and_indicator_has_its_section(base: Knowledge) -> None:
    titles = {section.title for page in base.documents.values() for section in page.walk()}
    assert {"rsi_oversold", "bearish_engulfing_trigger", "keltner", "macd"} <= titles
    assert base.search("rsi_oversold")[0].place.section.title == "rsi_oversold"


@given(st.text(max_size=300))
def test_any_text_is_a_page_and_any_text_a_query(text: str) -> None:
    page = document("any", text)
    index = Index([Entry(0, page.title, text), Entry(1, "other", "words")], {})
    for word in tokens(text):
        assert 0 in dict(index.search(word, expand=False))
        assert stem(word) and len(stem(word)) <= len(word) + 1
    assert all(score > 0 for _, score in index.search(text))
