"""The face of the floor: REST, WebSocket and the live page. It reads Postgres and writes commands, no more."""
