# SPDX-License-Identifier: MIT
"""The library as others get it: installed, and as a part of their project."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

BUILD, SOURCE = (pathlib.Path(x) for x in sys.argv[1:3])
CONSUMER = SOURCE / "tests/package/consumer"


def run(*command, **more):
    done = subprocess.run([str(x) for x in command], capture_output=True, text=True,
                          timeout=500, **more)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}\n{done.stdout}\n{done.stderr}")
    return done.stdout


class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="peerage-package-"))
        cls.prefix = cls.folder / "installed"
        run("cmake", "--install", BUILD, "--prefix", cls.prefix)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def library(self, name):
        return next(self.prefix.rglob(name))

    def configure(self, *options, source=CONSUMER, compiler="clang++"):
        build = self.folder / self.id().rsplit(".", 1)[-1]
        run("cmake", "-S", source, "-B", build, "-G", "Ninja",
            f"-DCMAKE_CXX_COMPILER={compiler}", f"-DCMAKE_PREFIX_PATH={self.prefix}",
            "-DCMAKE_CXX_COMPILER_LAUNCHER=ccache", "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON", *options)
        return build

    def test_what_is_installed(self):
        shown = {str(x.relative_to(self.prefix)) for x in self.prefix.rglob("*.hpp")}
        public = {x for x in shown if "/detail/" not in x}
        self.assertEqual(public, {f"include/peerage/{x}.hpp"
                                  for x in ("wire", "requests", "events", "peer", "node", "testing")})
        # Nothing of the inside that the face does not need.
        for inside in ("peer_manager", "address_book", "connection", "status_server"):
            self.assertFalse([x for x in shown if x.endswith(f"/{inside}.hpp")], inside)
        name = os.readlink(self.library("libpeerage.so"))
        soname = run("readelf", "-d", self.library("libpeerage.so"))
        self.assertIn(f"[{name}]", soname)
        self.assertEqual(name, "libpeerage.so.0.2")

    def test_shared(self):
        build = self.configure("-DCMAKE_CXX_FLAGS=-Wall -Wextra -Wshadow -Wconversion -Werror")
        run("cmake", "--build", build)
        linked = run("ldd", build / "consumer")
        self.assertIn("libpeerage.so.0.2", linked)
        self.assertIn("1 headers, 1 peers", run(build / "consumer"))

    def test_static_with_gcc(self):
        build = self.configure("-DPEERAGE_USE_STATIC_LIBS=ON", compiler="g++")
        run("cmake", "--build", build, "--target", "consumer")
        self.assertNotIn("libpeerage", run("ldd", build / "consumer"))
        self.assertIn("1 headers, 1 peers", run(build / "consumer"))

    def test_pkg_config(self):
        where = self.library("peerage.pc").parent
        flags = run("pkg-config", "--cflags", "--libs", "peerage",
                    env={**os.environ, "PKG_CONFIG_PATH": str(where)}).split()
        program = self.folder / "by_pkg_config"
        run("clang++", CONSUMER / "main.cpp", "-o", program, *flags)
        self.assertIn("1 headers, 1 peers", run(program, env={
            **os.environ, "LD_LIBRARY_PATH": str(where.parent)}))

    def test_another_version_is_refused(self):
        source = self.folder / "newer"
        shutil.copytree(CONSUMER, source)
        text = (source / "CMakeLists.txt").read_text().replace("peerage 0.2", "peerage 0.3")
        (source / "CMakeLists.txt").write_text(text)
        with self.assertRaisesRegex(AssertionError, "0.3"):
            self.configure(source=source)

    def test_a_part_of_another_project(self):
        source = self.folder / "parent"
        source.mkdir()
        (source / "CMakeLists.txt").write_text(f"""
cmake_minimum_required(VERSION 3.25)
project(parent LANGUAGES CXX)
add_subdirectory("{SOURCE}" peerage)
add_executable(consumer "{CONSUMER}/main.cpp")
target_link_libraries(consumer PRIVATE peerage::node)
""")
        build = self.configure(source=source)
        commands = {pathlib.Path(x["file"]): x["command"]
                    for x in json.loads((build / "compile_commands.json").read_text())}
        ours = commands.pop(CONSUMER / "main.cpp")
        for flag in ("-Werror", "-Wconversion", "-Wshadow", "-fPIC", "BOOST_"):
            self.assertNotIn(flag, ours)
        self.assertIn("-Werror", next(iter(commands.values())))
        # Neither unity builds, nor tests, nor the executable.
        self.assertFalse([x for x in commands if "unity" in str(x)])
        self.assertFalse([x for x in commands if "/app/" in str(x)])
        # What peerage::testing is made of is built only for those who link it.
        built = run("ninja", "-C", build, "-n")
        self.assertIn("peerage_node.dir", built)
        self.assertNotIn("peerage_testing.dir", built)
        self.assertNotIn(f"-I{SOURCE} ", ours)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
