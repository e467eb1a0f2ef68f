"""Who else is told of an alert: one file per way of telling it.

A notifier is a module here with ``NAME`` and ``configured(env)``, which gives it from the environment or None. Secrets
stay in the environment: they are neither stored, logged nor shown.
"""
