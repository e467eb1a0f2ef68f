"""One authenticator: API keys, passwords, client credentials and tickets all end as a Holder."""
