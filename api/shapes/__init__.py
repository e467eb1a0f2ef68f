"""The nouns of the API as its documents spell them. Money is a JSON number, time is RFC 3339 in UTC."""
