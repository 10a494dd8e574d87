"""Campaigns: states as one table, a ledger on disk, and a run loop that can be killed at any instruction."""

from .campaign import Campaign
from .job import run_campaign

__all__ = ["Campaign", "run_campaign"]
