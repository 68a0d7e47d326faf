"""A copy of the project, where one change at a time is made and tried."""

import os
import shutil
import subprocess
import sys
from contextlib import suppress
from itertools import count
from pathlib import Path
from signal import SIGINT

from tests.guards.guard import ROOT
from tests.mutants.changes import Change
from tests.mutants.record import Record, record_of

LEFT_OUT = shutil.ignore_patterns(".environments", ".stack", ".git", ".hypothesis", ".*_cache", "__pycache__")
FEW_TESTS = 30
# Starting takes long on a busy machine: a change that nothing notices must not look like one that never ends.
STARTING_SECONDS, LONGEST_SECONDS = 120.0, 900.0


class Copy:
    """A copy of the project, where it can be changed."""

    def __init__(self, folder: Path) -> None:
        self._moments = count(1)
        self._folder = shutil.copytree(ROOT, folder, ignore=LEFT_OUT)
        (self._folder / ".environments").symlink_to((ROOT / ".environments").resolve())

    def what_is_red(self, *arguments: str, timeout: float | None = None) -> str:
        """The first test that fails, or what else keeps pytest from a good end within that time; empty if nothing."""
        (self._folder / "arguments").write_text("\n".join(arguments))
        command = [sys.executable, "-m", "pytest", "-q", "--tb=no", "-p", "no:cacheprovider", "@arguments"]
        env = {**os.environ, "PYTHONPATH": str(self._folder), "PYTHONDONTWRITEBYTECODE": ""}
        with (self._folder / "said").open("w+") as said:
            process = subprocess.Popen(command, cwd=self._folder, env=env, stdout=said, stderr=said)
            try:
                if process.wait(timeout) == 0:
                    return ""
            except subprocess.TimeoutExpired:
                _end(process)
                return "no end"
            said.seek(0)
            return next((line for line in said if line.startswith(("FAILED ", "ERROR "))), "no test").strip()

    def noticed_by(self, change: Change, record: Record) -> str:
        """The test that fails with the change, or that it does not come to an end; empty if nothing notices."""
        file = self._folder / change.file
        code, before = file.read_bytes(), file.stat()
        file.write_bytes(change.applied(code))
        os.utime(file, (moment := next(self._moments), moment))  # compiled modules are kept, by time and size
        for batch in record.batches(change, FEW_TESTS):
            seconds = STARTING_SECONDS + 5 * sum(record.seconds.get(test, 0.0) for test in batch)
            if red := self.what_is_red("-x", *batch, timeout=min(seconds, LONGEST_SECONDS)):
                break
        else:
            red = ""
        file.write_bytes(code)
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
        return red

    def record(self, tests: tuple[str, ...]) -> Record:
        """Run them once."""
        report = self._folder / "report.xml"
        self.what_is_red(*tests, "-n2", "--cov", "--cov-context=test", "--cov-report=", f"--junitxml={report}")
        return record_of(self._folder, report)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(SIGINT)  # so that fixtures end what they have started
    with suppress(subprocess.TimeoutExpired):
        process.wait(30)
    process.kill()
