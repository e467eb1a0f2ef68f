"""Embedders that are models: OpenAI's, and any server that speaks OpenAI's Embeddings API, by OpenAI's SDK.

What comes back is read strictly: as many vectors as texts, each of the same size, finite and not all zero. Anything else is
a fault, and nothing of it is kept.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from openoutcry.errors import BadConfig, BadInput
from openoutcry.spaces import MOST_DIMENSIONS, EmbedderName, Space, Vectors, parse_embedder, read_vector
from wire.vendor_faults import About, ProviderFault, faults
from wire.vendor_keys import read_key, refuse_address, refuse_remote

LONGEST_TEXT = 8_000
"""Bytes of a text that are embedded: no more tokens than the vendors' models take."""
NO_KEY = "none"
"""What is sent to a server that asks for no key; the SDK insists on one."""
WORD = "market"
"""What is embedded to learn an embedder's size."""


class Embedder(Protocol):
    """Texts in, vectors of one space out."""

    name: EmbedderName

    async def embed(self, texts: Sequence[str], *, timeout_s: float) -> Vectors:
        """A vector for each text. Raises ProviderFault, whatever went wrong."""
        ...


class ModelEmbedder:
    """One embedding model. ``dimensions`` None takes the model's own size."""

    def __init__(self, name: EmbedderName, dimensions: int | None, key: str, base_url: str | None) -> None:
        # A second and more of imports: only who has such an embedder pays them.
        import openai

        self.name = name
        self._dimensions = dimensions
        self._sdk = openai
        self._client = openai.AsyncOpenAI(api_key=key, base_url=base_url, max_retries=0)

    async def embed(self, texts: Sequence[str], *, timeout_s: float) -> Vectors:
        """See Embedder."""
        size: Any = {} if self._dimensions is None else {"dimensions": self._dimensions}
        with faults(self._sdk, self.name.text):
            answer = await self._client.embeddings.create(
                model=self.name.model,
                input=[cut(text) for text in texts],
                encoding_format="float",
                timeout=timeout_s,
                **size,
            )
            return self._read(answer, len(texts))

    async def space(self, *, timeout_s: float) -> Space:
        """The space of its vectors, learned by asking for one: also proof of key, address and model. Raises ProviderFault."""
        (one,) = (await self.embed([WORD], timeout_s=timeout_s)).values
        return Space(self.name, len(one), asked=self._dimensions is not None)

    async def aclose(self) -> None:
        """Let go of its connections."""
        await self._client.close()

    def _read(self, answer: Any, count: int) -> Vectors:
        rows = sorted(answer.data, key=lambda row: row.index)
        if [row.index for row in rows] != list(range(count)):
            raise ProviderFault(f"{self.name.text}: {len(rows)} vectors for {count} texts", passing=False)
        size = self._dimensions or len(rows[0].embedding)
        if size > MOST_DIMENSIONS:
            raise ProviderFault(
                f"{self.name.text}: vectors of {size} numbers, more than {MOST_DIMENSIONS}: set memory.dimensions",
                passing=False,
            )
        try:
            values = tuple(read_vector(row.embedding, size) for row in rows)
        except BadInput as error:
            raise ProviderFault(f"{self.name.text}: {error}", passing=False) from None
        used = getattr(answer, "usage", None)  # not every compatible server says
        return Vectors(values, used.prompt_tokens if used is not None else 0)


def cut(text: str) -> str:
    """What of a text is embedded; a text without anything says so, for vendors refuse an empty one."""
    data = text.encode("utf-8", "replace")[:LONGEST_TEXT]
    return data.decode("utf-8", "ignore") or "(empty)"


def variable_of(name: EmbedderName, about: About = "key") -> str:
    """What to look at when it cannot be used: an environment variable or a setting, by name."""
    if about == "key":
        return f"{name.vendor.upper()}_API_KEY"
    if about == "address" and name.vendor == "openai":
        return "OPENAI_BASE_URL"
    return "memory.embedder"


def opened(text: str, dimensions: int | None, env: Mapping[str, str]) -> ModelEmbedder:
    """The embedder of this name. Raises BadConfig naming the variable or setting that keeps it from being used."""
    try:
        name = parse_embedder(text)
    except BadInput as error:
        raise BadConfig(f"memory.{error}", field="memory.embedder") from None
    if name.offline:
        raise BadConfig(f"memory.embedder: {text} needs no model", field="memory.embedder")
    variable = variable_of(name)
    key = read_key(variable, env)
    if key is None and name.vendor == "openai":
        raise BadConfig(f"{variable} is not set", field=variable)
    if name.vendor == "openai" and env.get("OPENAI_BASE_URL"):
        refuse_address(env["OPENAI_BASE_URL"], "OPENAI_BASE_URL", "OPENAI_BASE_URL")
    base_url = name.address or env.get("OPENAI_BASE_URL") or None
    refuse_remote(name.text, base_url, env)
    return ModelEmbedder(name, dimensions, key or NO_KEY, base_url)
