"""The process and its event loop: the clock, tasks, threads, forks, the log and the loop's end."""
