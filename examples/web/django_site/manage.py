"""One-time passwords in Django: an async view, and a management command that texts many with the same quota.

The service is that of with_fastapi.py, which says more about each step. Install it, and have a sandbox in one terminal:

    $ pip install 'customersms-async[cli]' django uvicorn
    $ customersms sandbox

In another, in this folder, with the two lines that the sandbox has printed and a secret of your own:

    $ export CUSTOMERSMS_URL=http://127.0.0.1:8025/sms_system/api.php CUSTOMERSMS_API_KEY=cspro_sandbox_key
    $ export CODES_SECRET=change-me
    $ uvicorn codes.asgi:application --lifespan on --port 8000 --workers 2 --timeout-graceful-shutdown 20

And in a third; the command once more texts nobody:

    $ curl -i http://127.0.0.1:8000/codes -H 'Idempotency-Key: 5f1c7a90' --json '{"phone": "+12125551234"}'
    $ curl http://127.0.0.1:8000/readyz
    $ export CUSTOMERSMS_URL=http://127.0.0.1:8025/sms_system/api.php CUSTOMERSMS_API_KEY=cspro_sandbox_key
    $ export CODES_SECRET=change-me
    $ python manage.py send_reminders doors-7-may '+12125551234' '+13235554567' --message 'Doors open at eight'

codes/asgi.py has the client's life, codes/views.py the service, codes/management/commands/ the command.
"""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "codes.settings")
    execute_from_command_line(sys.argv)
