"""The live stream: numbered events from the database to every connected client, each at its own pace."""
