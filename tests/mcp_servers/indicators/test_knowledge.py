"""The knowledge base over MCP: what each tool says, page by page, and what it refuses."""

from pathlib import Path

import pytest

from openoutcry.errors import BadInput
from openoutcry.indicators.catalogue import CATALOGUE
from openoutcry.signals.registry import REGISTRY
from tests.mcp_servers.indicators.hosting import connected
from wire.handbook import read_pages


async def test_a_search_leads_to_the_section_it_names(tmp_path: Path) -> None:
    async with connected(tmp_path) as kb:
        found = await kb.call("kb_search", {"query": "hedge ratio", "limit": 3})
        assert found["total"] > 3 == len(found["results"]) and found["results"][0]["score"] == 1.0
        best = found["results"][0]
        read = await kb.call("kb_get_document", {"slug": best["document"], "section": best["section"]})
        assert "hedge" in read["content"].lower() and best["section"] in read["anchors"]
        more = await kb.call(
            "kb_search", {"query": "hedge ratio", "limit": 3, "cursor": found["next_cursor"]}
        )
        assert not {str(one) for one in more["results"]} & {str(one) for one in found["results"]}


async def test_a_long_document_is_read_part_by_part(tmp_path: Path) -> None:
    async with connected(tmp_path) as kb:
        text, offset = "", 0
        while offset is not None:
            part = await kb.call("kb_get_document", {"slug": "mcp", "offset": offset})
            text, offset = text + part["content"], part["next_offset"]
        assert text == read_pages()["mcp.md"]


@pytest.mark.parametrize(
    ("tool", "rows", "there"),
    [("kb_list_signals", "signals", set(REGISTRY)), ("kb_list_indicators", "indicators", set(CATALOGUE))],
)
async def test_pages_of_a_list_are_all_of_it(tmp_path: Path, tool: str, rows: str, there: set[str]) -> None:
    async with connected(tmp_path) as kb:
        seen: list[str] = []
        cursor: str | None = None
        for _ in range(20):
            page = await kb.call(tool, {"limit": 40, **({"cursor": cursor} if cursor else {})})
            seen += [one["name"] for one in page[rows]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert seen == sorted(there) and page["total"] == len(there)


async def test_terms_tags_links_and_counts_agree(tmp_path: Path) -> None:
    async with connected(tmp_path) as kb:
        term = await kb.call("kb_glossary_lookup", {"term": "var"})
        assert term["entry"]["term"] == "Value at risk" and term["mentions"] >= len(term["backlinks"]) > 0
        links = await kb.call("kb_get_backlinks", {"anchor": "value-at-risk"})
        assert links["total"] == term["mentions"]
        tags = (await kb.call("kb_list_tags", {}))["tags"]
        tagged = await kb.call("kb_get_documents_by_tag", {"tag": "decision", "limit": 100})
        assert len(tagged["documents"]) == tags["decision"]
        status = await kb.call("kb_status", {})
        assert status["documents"] == (await kb.call("kb_list_documents", {}))["total"]
        assert status["terms"] == (await kb.call("kb_list_glossary", {}))["total"]
        made = await kb.call(
            "compute_indicator", {"name": "sma", "data": {"close": [1, 2, 4]}, "params": {"window": 2}}
        )
        assert made["result"] == {"value": [None, 1.5, 3.0]}


REFUSED = [
    ("kb_get_document", {"slug": "nothing"}, "slug"),
    ("kb_get_document", {"slug": "risk", "section": "nothing"}, "section"),
    ("kb_glossary_lookup", {"term": "nothing"}, "term"),
    ("kb_get_documents_by_tag", {"tag": "nothing"}, "tag"),
    ("kb_search", {"query": "a", "tags": ["nothing"]}, "tags"),
    ("kb_search", {"query": "risk", "cursor": "999999"}, "cursor"),
    ("kb_list_signals", {"category": "nothing"}, "category"),
    ("kb_list_indicators", {"category": "nothing"}, "category"),
    ("compute_indicator", {"name": "sma", "data": {"open": [1.0]}}, "data.close"),
]


@pytest.mark.parametrize(("tool", "arguments", "field"), REFUSED)
async def test_what_is_not_there_is_named(tmp_path: Path, tool: str, arguments: dict, field: str) -> None:
    async with connected(tmp_path) as kb:
        with pytest.raises(BadInput) as refused:
            await kb.call(tool, arguments)
        assert refused.value.field == field
