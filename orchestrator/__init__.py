"""Decides when things happen and in what order: one round, one way; and keeps the floor's processes alive."""
