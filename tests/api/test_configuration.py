"""``GET /api/v1/config``: every setting of the floor, however deep it lies, and nothing that is secret."""

import jsonschema  # type: ignore[import-untyped]

from openoutcry.settings import Settings
from tests.api.documented import openapi


async def test_settings_within_settings_are_told_by_name_too(viewer):
    answer = await viewer.get("/api/v1/config")
    assert answer.status_code == 200, answer.text
    budget = answer.json()["config"]["llm"]["budget"]
    assert budget == {name: float(value) for name, value in Settings().llm.budget.model_dump().items()}
    described = openapi()
    schema = described["components"]["schemas"]["ConfigAnswer"]
    jsonschema.Draft202012Validator({**schema, "components": described["components"]}).validate(answer.json())
