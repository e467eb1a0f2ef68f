"""Verifying a session: its chain, every row projected from it, its head, and the anchor outside the database."""

from db.verify.check import Verification, verify, verify_all

__all__ = ["Verification", "verify", "verify_all"]
