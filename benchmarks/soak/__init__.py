"""Much of everything for a while: what is lost, blocked or left over."""
