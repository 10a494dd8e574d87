"""Celery, over Redis: ``celery -A support.job_engines.with_celery worker``; as a program it makes a job."""

from __future__ import annotations

import asyncio
import sys

from celery import Celery

from support.job_engines.campaign_job import REDIS, run_one

app = Celery("campaigns", broker=REDIS)
app.conf.update(task_acks_late=True, worker_prefetch_multiplier=1, task_ignore_result=True)


def run_in_loop(name: str) -> bool:
    return asyncio.run(run_one(name))


run = app.task(run_in_loop, name="run_campaign")

if __name__ == "__main__":
    run.delay(sys.argv[1])
