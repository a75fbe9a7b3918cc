"""Known vulnerabilities of what the service is made of: `python -m tests.house.audit`.

One that is found fails. What the advisory service says nothing about is named in one loud line, and
fails nothing: a machine without a way to that service still checks all the rest.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

COMMAND = (
    *("pip-audit", "--requirement", "requirements.lock", "--disable-pip", "--require-hashes"),
    *("--progress-spinner", "off", "--format", "json", "--timeout", "10"),
)
NAMED = 5


def verdict(told: str) -> tuple[int, list[str]]:
    """The status to end with, and the lines to say, from the JSON that pip-audit wrote, if any."""
    try:
        packages: list[dict[str, Any]] = json.loads(told)["dependencies"]
    except (ValueError, KeyError):
        return 0, ["NOT AUDITED: the advisory service could not be asked."]
    found = [
        f"{package['name']} {package['version']}: {fault['id']}"
        f", mended in {', '.join(fault['fix_versions']) or 'no version yet'}"
        for package in packages
        for fault in package.get("vulns", ())
    ]
    left_out = [package["name"] for package in packages if "skip_reason" in package]
    lines = [f"VULNERABLE: {one}" for one in found]
    if left_out:
        some = ", ".join(left_out[:NAMED]) + (", …" if len(left_out) > NAMED else "")
        lines.append(
            f"NOT AUDITED: {len(left_out)} of {len(packages)} packages, of which the advisory "
            f"service does not know ({some})."
        )
    return 1 if found else 0, lines


def main() -> int:
    """Ask, and say what was found."""
    command = [str(Path(sys.executable).with_name(COMMAND[0])), *COMMAND[1:]]
    asked = subprocess.run(command, capture_output=True, text=True, check=False)
    status, lines = verdict(asked.stdout)
    sys.stdout.writelines(f"{line}\n" for line in lines)
    return status


if __name__ == "__main__":
    sys.exit(main())
