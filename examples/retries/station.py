"""A station that behaves as such things do. Files beside it remember how often it was asked."""

import sys
import time
from pathlib import Path


def patience(attempt: int) -> float:
    """Seconds to wait after an attempt at calibrating."""
    return attempt * 0.05


def asked(what: str) -> int:
    counter = Path(f".asked-{what}")
    number = int(counter.read_text()) + 1 if counter.exists() else 1
    counter.write_text(str(number))
    return number


def download() -> int:
    with open("readings.csv", "w") as file:
        file.write("12.5\n")
        if asked("download") < 3:  # and leaves half a file behind
            print("connection reset by station", file=sys.stderr)
            return 1
        file.write("13.0\n11.8\n")
    return 0


def clock() -> int:
    if asked("clock") == 1:
        time.sleep(600)
    print("12:00")
    return 0


def calibrate() -> int:
    number = asked("calibrate")
    if number == 1:
        print("busy", file=sys.stderr)
        return 75
    print("sensor is broken", file=sys.stderr)
    return 65


if __name__ == "__main__":
    sys.exit({"download": download, "clock": clock, "calibrate": calibrate}[sys.argv[1]]())
