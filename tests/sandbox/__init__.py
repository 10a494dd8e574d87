"""Tests of the gateway's stand-in."""
