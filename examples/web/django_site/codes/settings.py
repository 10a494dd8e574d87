"""No more settings than the service needs."""

import os
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
SECRET_KEY = os.environ["CODES_SECRET"]
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
INSTALLED_APPS = ["codes"]
ROOT_URLCONF = "codes.urls"
ASGI_APPLICATION = "codes.asgi.application"
TIME_ZONE = "UTC"

SMS_FOLDER = Path(os.environ.get("SMS_FOLDER", BASE_DIR))
"""Where the files are that web workers and commands of this host share."""
