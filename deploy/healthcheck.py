"""The image's health check: ends with 0 where the runner in this container answers.

`/healthz` rather than `/readyz`: a runner that can't reach Twilio, or waits behind another one,
gains nothing from being restarted. Standard library only; without a proxy, whatever is set.
"""

import http.client
import os
import sys


def main() -> int:
    """0 where the answer is 200, 1 for anything else."""
    host, _, port = os.environ.get("CALLFLOW_LISTEN", "127.0.0.1:9090").rpartition(":")
    connection = http.client.HTTPConnection(host.strip("[]"), int(port), timeout=3)
    try:
        connection.request("GET", "/healthz")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        sys.stderr.write(f"no answer from {host}:{port}: {error}\n")
        return 1
    sys.stdout.write(f"{host}:{port} answered {status}\n")
    return 0 if status == 200 else 1


if __name__ == "__main__":
    sys.exit(main())
