"""What the tests share: gateways, clocks, event loops, servers and oracles."""
