"""What the news server stands on."""

from dataclasses import dataclass

from mcp_servers.news.sources import NewsSource
from openoutcry.settings import NewsSettings


@dataclass(frozen=True, slots=True)
class NewsDeps:
    """Where items come from, and what counts as recent."""

    source: NewsSource
    settings: NewsSettings
