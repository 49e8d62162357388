"""Fetches what others made and the package carries, or checks it: `python tests/vendored.py [--check]`.

`vendored.json` beside the files says which package, version and integrity hash they come from, and which file of it
each one is. npm fetches; it changes nothing else.
"""

import base64
import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any, Dict, List

FOLDER = Path(__file__).parents[1] / "taskrush" / "report" / "html" / "vendor"
NAMES = "vendored.json"


def recorded() -> List[Dict[str, Any]]:
    """What should be there."""
    found: List[Dict[str, Any]] = json.loads((FOLDER / NAMES).read_text(encoding="utf-8"))
    return found


def fetched(package: Dict[str, Any], work: Path) -> Dict[str, bytes]:
    """The files of one package by the names that they have here. Raises `ValueError` for another integrity hash."""
    wanted = f"{package['package']}@{package['version']}"
    done = subprocess.run(["npm", "pack", "--silent", wanted], cwd=work, check=True, stdout=subprocess.PIPE)
    archive = work / done.stdout.decode().split()[-1]
    digest = "sha512-" + base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if digest != package["integrity"]:
        raise ValueError(f"{wanted} is {digest}, and not {package['integrity']}")
    with tarfile.open(archive) as tar:
        files = {here: tar.extractfile(f"package/{there}") for here, there in package["files"].items()}
        return {here: file.read() for here, file in files.items() if file is not None}


def main(check: bool) -> int:
    """Write all files, or say which ones are not what they should be."""
    wrong = 0
    with tempfile.TemporaryDirectory() as work:
        for package in recorded():
            for name, data in fetched(package, Path(work)).items():
                path = FOLDER / name
                same = path.is_file() and path.read_bytes() == data
                wrong += not same
                if not check:
                    path.write_bytes(data)
                print(f"{package['package']} {package['version']} {name}: {'as it should be' if same else 'differs'}")
    return 1 if check and wrong else 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
