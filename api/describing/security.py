"""Who may call, in OpenAPI's words: three ways to show one credential."""

from collections.abc import Mapping
from typing import Any

from api.auth.signing import CLIENT_SCOPE

SCHEMES: Mapping[str, Any] = {
    "api_key": {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-Key",
        "description": "An API key (`outcry keys create`, `POST /api/v1/api-keys`).",
    },
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "An access token, or an API key, as `Authorization: Bearer`.",
    },
    "oauth2": {
        "type": "oauth2",
        "description": "Access tokens for people (password) and for programs (client credentials).",
        "flows": {
            "password": {
                "tokenUrl": "/token",
                "refreshUrl": "/token",
                "scopes": {},
            },
            "clientCredentials": {
                "tokenUrl": "/oauth2/token",
                "scopes": {CLIENT_SCOPE: "What the program's role may do"},
            },
        },
    },
}


def of(*, bearer_only: bool) -> list[dict[str, list[str]]]:
    """What an operation takes: any one of them."""
    return [{name: []} for name in SCHEMES if not (bearer_only and name == "api_key")]
