"""Campaigns: states as one table, a ledger on disk, and a run loop that can be killed at any instruction."""

from .campaign import Campaign

__all__ = ["Campaign"]
