"""The model registry: names, versions with their metrics and artefacts, stages, and the history of both."""
