# SPDX-License-Identifier: MIT
"""The Debian packages: what is in them; and in a root of their own they are installed, serve,
are upgraded, removed and purged."""
import gzip
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

BUILD, SOURCE = (pathlib.Path(x) for x in sys.argv[1:3])
sys.path.insert(0, str(SOURCE / "scripts"))
from peerage_harness import Node  # noqa: E402 (it is not where Python looks)

VERSION = re.match(r"peerage \((\S+)\)",
                   (SOURCE / "app/packaging/debian/changelog").read_text())[1]
UPSTREAM = VERSION.partition("-")[0]
LIBRARY = "libpeerage" + UPSTREAM.rpartition(".")[0]
UNITS = ("peerage.service", "peerage-p2p.socket", "peerage-status.socket")
# Files of root's are made by anybody in a user namespace of their own.
AS_ROOT = () if os.geteuid() == 0 else ("unshare", "--map-root-user")


def run(*command, **more):
    done = subprocess.run([str(x) for x in command], stdin=subprocess.DEVNULL, text=True,
                          capture_output=True, timeout=300, **more)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}\n{done.stdout}\n{done.stderr}")
    return done.stdout


def packages_in(folder):
    return {x.name.partition("_")[0]: x for x in folder.glob("*.deb")}


def field(package, name):
    return run("dpkg-deb", "--field", package, name).strip()


class Root:
    """A root with a package database, in which nothing is installed."""

    def __init__(self, folder):
        self.folder = folder
        for name in ("info", "updates", "triggers"):
            (folder / "var/lib/dpkg" / name).mkdir(parents=True)
        (folder / "var/lib/dpkg/status").touch()
        # Of every machine with systemd.
        for name in ("var/log", "var/lib/private", "var/lib/systemd", "etc/systemd/system"):
            (folder / name).mkdir(parents=True)

    def dpkg(self, *arguments):
        # The packages that these depend on stay in the root of the machine, and so do the
        # programs that the scripts call.
        return run(*AS_ROOT, "dpkg", f"--root={self.folder}", "--force-depends",
                   "--force-script-chrootless", f"--log={self.folder}/var/log/dpkg.log", *arguments)

    def status(self, package):
        return run("dpkg-query", f"--admindir={self.folder}/var/lib/dpkg", "--show",
                   "--showformat=${db:Status-Status} ${Version}", package)

    def enable(self, unit):
        run(*AS_ROOT, "systemctl", f"--root={self.folder}", "enable", unit)

    def enabled(self):
        return sorted(x.name for x in (self.folder / "etc").rglob("*") if x.is_symlink())

    def content(self):
        """All there is, but for the package database's own."""
        return {str(x.relative_to(self.folder)) for x in self.folder.rglob("*")
                if not x.is_relative_to(self.folder / "var/lib/dpkg")
                and not x.is_relative_to(self.folder / "var/log")}


class Debian(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="peerage-debian-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.folder.chmod(0o755)
        # Of a person who keeps files private: the packages are for all. Packed in a hurry.
        run("cpack", "--config", BUILD / "CPackConfig.cmake", "-B", cls.folder / "packages",
            "-D", "CPACK_DEBIAN_COMPRESSION_TYPE=gzip", umask=0o077)
        cls.packages = packages_in(cls.folder / "packages")
        cls.root = Root(cls.folder / "root")
        cls.root.dpkg("--install", *cls.packages.values())

    def in_root(self, name):
        return self.root.folder / name

    def entries(self, package):
        """Of each entry mode, owner and, if it is a link, where it leads."""
        lines = run("dpkg-deb", "--contents", self.packages[package]).splitlines()
        found = {}
        for line in lines:
            mode, owner, _, _, _, name, *link = line.split(maxsplit=6)
            found[name.removeprefix("./")] = (mode, owner, *link)
        return found

    # -- what they are --------------------------------------------------------------------

    def test_names_and_fields(self):
        self.assertEqual(set(self.packages), {"peerage", LIBRARY, "libpeerage-dev"})
        architecture = run("dpkg", "--print-architecture").strip()
        for name, section in (("peerage", "net"), (LIBRARY, "libs"), ("libpeerage-dev", "libdevel")):
            package = self.packages[name]
            self.assertEqual(package.name, f"{name}_{VERSION}_{architecture}.deb")
            self.assertEqual(field(package, "Package"), name)
            self.assertEqual(field(package, "Section"), section)
            self.assertRegex(field(package, "Maintainer"), r"^.+ <.+@.+>$")
            self.assertEqual(field(package, "Source"), "" if name == "peerage" else "peerage")

    def test_dependencies(self):
        depends = {name: field(x, "Depends") for name, x in self.packages.items()}
        for name in ("peerage", LIBRARY):
            for needed in ("libc6 (>= ", "libcaf-core0.17 (>= 0.17.6)", "libssl3 (>= 3", "libfmt9"):
                self.assertIn(needed, depends[name], name)
            self.assertNotIn("peerage", depends[name])
        self.assertIn("libprometheus-cpp-core1.0", depends["peerage"])
        needed = depends["libpeerage-dev"]
        self.assertIn(f"{LIBRARY} (= {VERSION})", needed)
        for name in ("libcaf-dev", "libfmt-dev", "nlohmann-json3-dev", "libssl-dev"):
            self.assertRegex(needed, rf"(^|, ){name} \(>= ")

    def test_control_files(self):
        def control(package):
            listing = run("sh", "-ec", 'dpkg-deb --ctrl-tarfile "$1" | tar --list --verbose', "sh",
                          self.packages[package])
            return {x.split()[-1].removeprefix("./"): x.split()[0] for x in listing.splitlines()}
        self.assertEqual(control("peerage"), {
            "conffiles": "-rw-r--r--", "control": "-rw-r--r--", "md5sums": "-rw-r--r--", "postinst": "-rwxr-xr-x",
            "prerm": "-rwxr-xr-x", "postrm": "-rwxr-xr-x"})
        self.assertEqual(set(control(LIBRARY)), {"control", "md5sums", "shlibs", "triggers"})
        self.assertEqual(set(control("libpeerage-dev")), {"control", "md5sums"})
        library = self.packages[LIBRARY]
        soname = LIBRARY.removeprefix("libpeerage")
        self.assertEqual(run("dpkg-deb", "--info", library, "shlibs"),
                         f"libpeerage {soname} {LIBRARY} (>= {VERSION})\n")
        self.assertEqual(run("dpkg-deb", "--info", library, "triggers"), "activate-noawait ldconfig\n")
        self.assertEqual(self.root.dpkg("--verify"), "")  # by the md5sums

    # -- what is in them ------------------------------------------------------------------

    def test_files(self):
        libraries = "usr/lib/" + run("dpkg-architecture", "-qDEB_HOST_MULTIARCH").strip()
        files = {name: {x for x in self.entries(name) if not x.endswith("/")}
                 for name in self.packages}
        for name in self.packages:
            for document in ("copyright", "changelog.gz", "changelog.Debian.gz"):
                files[name].remove(f"usr/share/doc/{name}/{document}")
        self.assertEqual(files["peerage"], {
            "etc/peerage/peerage.toml", "usr/bin/peerage", "usr/share/man/man1/peerage.1.gz",
            "usr/share/bash-completion/completions/peerage",
            "usr/share/zsh/vendor-completions/_peerage",
            "usr/share/doc/peerage/examples/peerage.toml",
            *(f"usr/lib/systemd/system/{x}" for x in UNITS)})
        name = f"libpeerage.so.{LIBRARY.removeprefix('libpeerage')}"
        self.assertEqual(files[LIBRARY], {
            f"{libraries}/{name}", f"{libraries}/libpeerage.so.{UPSTREAM}"})
        development = {x for x in files["libpeerage-dev"] if "/include/peerage/detail/" not in x}
        self.assertEqual(development, {
            *(f"usr/include/peerage/{x}.hpp" for x in ("wire", "requests", "events", "peer", "node",
                                                       "testing")),
            *(f"{libraries}/libpeerage_{x}.a" for x in ("messages", "peer", "node", "testing")),
            f"{libraries}/libpeerage.so", f"{libraries}/pkgconfig/peerage.pc",
            *(f"{libraries}/cmake/peerage/{x}.cmake" for x in (
                "peerageConfig", "peerageConfigVersion", "peerageTargets",
                "peerageTargets-relwithdebinfo", "caf_targets"))})
        self.assertEqual(self.entries("libpeerage-dev")[f"{libraries}/libpeerage.so"][2], f"-> {name}")

    def test_owners_and_permissions(self):
        for package in self.packages:
            for name, (mode, owner, *_) in self.entries(package).items():
                self.assertEqual(owner, "root/root", name)
                wanted = ("lrwxrwxrwx" if mode[0] == "l" else
                          "drwxr-xr-x" if mode[0] == "d" or name == "usr/bin/peerage" else "rw-r--r--")
                self.assertIn(wanted.lstrip("d"), mode, name)

    def test_nothing_to_debug_and_no_path_of_the_build(self):
        library = next(self.root.folder.rglob("libpeerage.so.*.*.*"))
        for binary in (self.in_root("usr/bin/peerage"), library):
            self.assertNotIn(".debug_info", run("readelf", "--sections", "--wide", binary))
            self.assertNotRegex(run("readelf", "--dynamic", binary), "RPATH|RUNPATH")
            self.assertNotIn("not found", run("ldd", binary))
        for archive in self.root.folder.rglob("*.a"):
            self.assertNotIn(".debug_info", run("readelf", "--sections", "--wide", archive))
        for text in (*self.root.folder.rglob("*.cmake"), *self.root.folder.rglob("*.pc")):
            for path in (SOURCE, BUILD):
                self.assertNotIn(str(path), text.read_text(), text)

    def test_documents(self):
        for name in self.packages:
            folder = self.in_root(f"usr/share/doc/{name}")
            self.assertIn("License: MIT", (folder / "copyright").read_text())
            self.assertIn(f"**{UPSTREAM}**", gzip.open(folder / "changelog.gz", "rt").read())
            own = folder / "changelog.Debian.gz"
            self.assertEqual(run("dpkg-parsechangelog", "--file", self.unpacked(own), "--show-field",
                                 "Version").strip(), VERSION)

    def unpacked(self, path):
        text = self.folder / "unpacked"
        text.write_bytes(gzip.open(path).read())
        return text

    def test_what_the_program_prints_of_itself(self):
        program = self.in_root("usr/bin/peerage")
        page = self.in_root("usr/share/man/man1/peerage.1.gz")
        for what, text in (("manual", gzip.open(page, "rt").read()),
                           ("bash", self.in_root("usr/share/bash-completion/completions/peerage").read_text()),
                           ("zsh", self.in_root("usr/share/zsh/vendor-completions/_peerage").read_text()),
                           ("config", self.in_root("usr/share/doc/peerage/examples/peerage.toml").read_text())):
            self.assertEqual(run(program, "generate", what), text)
        shown = subprocess.run(["man", "--warnings", "--local-file", page], text=True, timeout=60,
                               capture_output=True, check=True, env={**os.environ, "LC_ALL": "C.UTF-8"})
        self.assertEqual(shown.stderr, "")
        self.assertIn("peerage run", shown.stdout)
        self.assertIn("-F _peerage peerage", run(
            "bash", "-euc", '. "$1"; complete -p peerage', "bash",
            self.in_root("usr/share/bash-completion/completions/peerage")))

    @unittest.skipUnless(shutil.which("lintian"), "no lintian")
    def test_lintian_finds_no_errors(self):
        # As root it wants to be told that this is meant.
        run("lintian", *(("--allow-root",) if os.geteuid() == 0 else ()), "--fail-on", "error",
            *self.packages.values())

    def test_the_development_files_are_found(self):
        source = self.folder / "stranger"
        source.mkdir()
        (source / "CMakeLists.txt").write_text("""
cmake_minimum_required(VERSION 3.25)
project(stranger LANGUAGES CXX)
find_package(peerage 0.2 REQUIRED COMPONENTS node)
get_target_property(where peerage::shared LOCATION)
message(STATUS "found ${where}")
""")
        for options in ((), ("-DPEERAGE_USE_STATIC_LIBS=ON",)):
            shown = run("cmake", "-S", source, "-B", source / "build",
                        f"-DCMAKE_PREFIX_PATH={self.in_root('usr')}", *options)
            self.assertIn(f"found {self.root.folder}/usr/lib/", shown)
        flags = run("pkg-config", "--cflags", "--libs", "peerage", env={
            **os.environ, "PKG_CONFIG_PATH": next(self.root.folder.rglob("peerage.pc")).parent})
        self.assertIn("-lpeerage", flags)

    # -- what becomes of them -------------------------------------------------------------

    def test_it_serves_and_stops(self):
        program = self.in_root("usr/bin/peerage")
        # What its service runs is there, and takes the configuration.
        unit = self.in_root("usr/lib/systemd/system/peerage.service").read_text()
        self.assertIn("\nExecStart=/usr/bin/peerage run --config /etc/peerage/peerage.toml\n", unit)
        run(program, "config", "check", self.in_root("etc/peerage/peerage.toml"))
        with Node("--swarm", "2", program=str(program)) as node:
            address = node.urls[0].removeprefix("http://")
            which = ("--status", address, "--data-dir", node.data_dir)
            run(program, "waitfor", *which, "peers_ready", "2", "--timeout", "20")
            self.assertRegex(run(program, "status", "--status", address), r"(?m)^.*\bregtest\b")
            self.assertEqual(node.get("/status")["peers"]["ready"], 2)
            run(program, "stop", *which)
            self.assertEqual(node.wait(5), 0)

    def another_version(self, version):
        folder = self.folder / version
        run("dpkg-deb", "--raw-extract", self.packages["peerage"], folder)
        control = folder / "DEBIAN/control"
        control.write_text(control.read_text().replace(f"\nVersion: {VERSION}\n", f"\nVersion: {version}\n"))
        (folder / "usr/share/doc/peerage/only-there").touch()
        run("dpkg-deb", "--root-owner-group", "-Znone", "--build", folder, self.folder / f"{version}.deb")
        shutil.rmtree(folder)
        return self.folder / f"{version}.deb"

    def test_it_comes_is_upgraded_and_goes_without_a_trace(self):
        root = Root(self.folder / "another")
        before = root.content()
        root.dpkg("--install", self.another_version("0.1.9-1"))
        self.assertEqual(root.status("peerage"), "installed 0.1.9-1")
        # Nothing starts that nobody has asked for.
        self.assertEqual(root.enabled(), [])
        root.enable("peerage.service")
        chosen = root.enabled()
        self.assertIn("peerage.service", chosen)
        settings = root.folder / "etc/peerage/peerage.toml"
        settings.write_text("max-inbound = 7\n")

        root.dpkg("--install", self.packages["peerage"])
        self.assertEqual(root.status("peerage"), f"installed {VERSION}")
        self.assertEqual(root.enabled(), chosen)
        self.assertNotIn("usr/share/doc/peerage/only-there", root.content())

        self.assertEqual(settings.read_text(), "max-inbound = 7\n")

        # As systemd leaves them: the data in private/, and a link to it.
        data = root.folder / "var/lib/private/peerage"
        data.mkdir()
        (data / "bans.json").write_text("{}")
        (root.folder / "var/lib/peerage").symlink_to("private/peerage")
        root.dpkg("--remove", "peerage")
        self.assertEqual(root.status("peerage"), f"config-files {VERSION}")
        self.assertTrue((data / "bans.json").exists())
        self.assertEqual(settings.read_text(), "max-inbound = 7\n")
        self.assertFalse((root.folder / "usr/bin/peerage").exists())
        root.dpkg("--purge", "peerage")
        self.assertEqual(root.content() - before, set())

    def test_removed_and_installed_again_the_service_is_as_it_was(self):
        root = Root(self.folder / "again")
        package = self.packages["peerage"]
        root.dpkg("--install", package)
        root.enable("peerage.service")
        chosen = root.enabled()
        root.dpkg("--remove", "peerage")
        root.dpkg("--install", package)
        self.assertEqual(root.enabled(), chosen)
        root.dpkg("--purge", "peerage")
        self.assertEqual(root.enabled(), [])

    def told_to_systemd(self, script, *arguments, runs=True):
        """What a script tells systemd, if it runs, on a machine that is not this one."""
        tools = self.folder / "tools"
        tools.mkdir(exist_ok=True)
        log = self.folder / "told"
        log.write_text("")
        for name in ("systemctl", "deb-systemd-invoke", "deb-systemd-helper"):
            tool = tools / name
            tool.write_text(f'#!/bin/sh\necho "{name} $*" >> {log}\n'
                            # Installed for the first time; and systemd has trouble.
                            "exit 1\n")
            tool.chmod(0o755)
        control = self.folder / "control"
        if not control.exists():
            run("dpkg-deb", "--control", self.packages["peerage"], control)
        run("unshare", "--mount", *(AS_ROOT[1:] or ()), "sh", "-ec",
            f"mount -t tmpfs tmpfs /run; {'mkdir -p /run/systemd/system;' if runs else ''}"
            ' PATH="$1:$PATH"; shift; exec "$@"', "sh", tools, control / script, *arguments)
        return [x for x in log.read_text().splitlines() if not x.startswith("deb-systemd-helper")]

    def test_what_systemd_is_told(self):
        told = self.told_to_systemd
        reload = "systemctl --system daemon-reload"
        self.assertEqual(told("postinst", "configure"), [reload])
        self.assertEqual(told("postinst", "configure", "0.1.9-1"),
                         [reload, "deb-systemd-invoke try-restart peerage.service"])
        self.assertEqual(told("prerm", "upgrade", VERSION), [])
        self.assertEqual(told("prerm", "remove"), [
            "deb-systemd-invoke stop peerage-p2p.socket peerage-status.socket peerage.service"])
        self.assertEqual(told("postrm", "remove"), [reload])
        for arguments in (("postinst", "configure", "0.1.9-1"), ("prerm", "remove"), ("postrm", "remove")):
            self.assertEqual(told(*arguments, runs=False), [], arguments)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=2)
