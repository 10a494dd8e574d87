"""What everything costs in instructions of the processor, which are the same on a busy machine as on an idle one."""
