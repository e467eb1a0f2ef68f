"""The one version number; processes that differ in it refuse to work together."""

VERSION = "0.1.0"
