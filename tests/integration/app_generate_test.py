# SPDX-License-Identifier: MIT
"""What is made from the command line itself: manual page, completion, an example file."""
import re
import shutil
import subprocess
import unittest

from cases import FolderCase
from peerage_harness import run_to_end


def generate(what):
    done = run_to_end("generate", what)
    assert done.returncode == 0, done
    return done.stdout


def help_of(*command):
    return run_to_end(*command, "--help").stdout


class Generate(FolderCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        found = re.findall(r"^  (\w+) +[A-Z]", help_of(), re.MULTILINE)
        cls.options = {name: set(re.findall(r"(?m)^ +(?:-\w,)?(--[a-z][a-z-]+)", help_of(name)))
                       - {"--help"} for name in found}
        assert len(found) >= 15 and "--listen" in cls.options["run"], cls.options

    def test_manual_page_has_every_command_and_option(self):
        page = self.folder / "peerage.1"
        page.write_text(generate("manual"))
        done = subprocess.run(["man", "--warnings", "--local-file", page], text=True,
                              capture_output=True, env={"MANWIDTH": "100", "LC_ALL": "C.UTF-8",
                                                        "PATH": "/usr/bin:/bin"})
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for name, options in self.options.items():
            section = re.split(rf"\n   peerage {name}(?: [A-Z].*)?\n", done.stdout)[1]
            for option in options:
                self.assertIn(option, section, name)

    def complete(self, *words):
        script = self.folder / "completion"
        script.write_text(generate("bash"))
        done = subprocess.run(["bash", "-euc", """
source "$1"; shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_peerage
printf '%s\\n' "${COMPREPLY[@]}" """, "bash", script, *words], text=True, capture_output=True,
                              cwd=self.folder)
        self.assertEqual((done.returncode, done.stderr), (0, ""), words)
        return set(done.stdout.split())

    def test_bash_completes_commands_options_and_files(self):
        self.assertEqual(self.complete("peerage", "st"), {"status", "stop"})
        self.assertLessEqual(set(self.options), self.complete("peerage", ""))
        for name, options in self.options.items():
            self.assertLessEqual(options, self.complete("peerage", name, "--"), name)
        self.assertEqual(self.complete("peerage", "config", "ch"), {"check"})
        self.assertEqual(self.complete("peerage", "run", "--max-in"), {"--max-inbound"})
        self.assertEqual(self.complete("peerage", "run", "--config", "comp"), {"completion"})

    def test_zsh_takes_it_and_it_has_every_option(self):
        script = self.folder / "_peerage"
        script.write_text(generate("zsh"))
        done = subprocess.run(["zsh", "-n", script], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for name, options in self.options.items():
            body = script.read_text().split(f"\n_peerage_{name}() {{")[1].split("\n}\n")[0]
            for option in options:
                self.assertIn(f"'{option}[", body, name)

    def test_example_file_has_every_key_and_is_read(self):
        path = self.folder / "node.toml"
        path.write_text(generate("config"))
        self.assertIn("no mistakes, 0 options", run_to_end("config", "check", str(path)).stdout)
        for option in self.options["run"] - {"--config"}:
            self.assertRegex(path.read_text(), rf"(?m)^# {option[2:]} = ")
        # Flags and numbers can be taken as they stand.
        path.write_text(re.sub(r"(?m)^# ([a-z-]+ = (?:\d|false))", r"\1", path.read_text()))
        done = run_to_end("config", "check", str(path))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"no mistakes, \d\d options")

    def test_what_it_cannot_make(self):
        self.refuse("generate", "pdf", names=["pdf", "manual", "zsh"])

    def test_its_programs_are_there(self):
        for program in ("bash", "zsh", "man"):  # else the tests above would prove nothing
            self.assertTrue(shutil.which(program), program)


if __name__ == "__main__":
    unittest.main()
