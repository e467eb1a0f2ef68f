"""The API under load: lists beside FastAPI and raw ASGI, mixed reads while a floor trades, many WebSockets."""
