# SPDX-License-Identifier: MIT
"""The deliberate defects of messages/checks/mutant.hpp are in no build but their own."""
import os
import pathlib
import re
import unittest

HEADER = pathlib.Path(__file__).resolve().parents[2] / "messages/checks/mutant.hpp"


class NoMutantsTest(unittest.TestCase):
    def test_the_executable_knows_no_mutant(self):
        text = HEADER.read_text(encoding="utf-8")
        names = re.findall(r"^  (\w+), +///<", text, re.MULTILINE)
        self.assertGreater(len(names), 20)
        executable = pathlib.Path(os.environ["PEERAGE"]).read_bytes()
        self.assertIn(b"peerage", executable)
        # Symbols and names for debuggers are in there, too.
        for name in ["PEERAGE_MUTANT", *names]:
            with self.subTest(name):
                self.assertNotIn(name.encode(), executable)


if __name__ == "__main__":
    unittest.main()
