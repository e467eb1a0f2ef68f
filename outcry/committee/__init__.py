"""The committee at its table in one process, over any stored market: for audits and leagues."""
