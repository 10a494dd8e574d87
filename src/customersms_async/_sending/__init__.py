"""Every way of sending, over the one seam that all of them go through."""
