"""Records as JSON that Postgres can look into.

A record is kept as text, exactly as it was hashed, and a model may have said ``\\u0000``: jsonb refuses the whole of such a
text. What is read of it in SQL is read with U+FFFD in its place.
"""

BODY = r"""(CASE WHEN strpos(body, '\u0000') = 0 THEN body
    ELSE regexp_replace(body, '(?<!\\)((?:\\\\)*)\\u0000', '\1\\ufffd', 'g') END)::jsonb"""
"""The column ``body`` of ``cycles``; an escaped backslash before ``u0000`` is left alone."""
