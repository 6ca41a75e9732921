"""The five folders at the top are the packages: engine/ is joulehash.engine, app/root/ is joulehash itself."""

import os
from glob import glob

from setuptools import Extension, find_packages, setup

ROOMS = ("app", "bench", "hw", "engine", "ext")
SCAN = ["ext/_scan.pyx", *sorted(set(glob("ext/*.c")) - {"ext/_scan.c"})]  # that one Cython writes

folders = find_packages(include=[p for room in ROOMS for p in (room, f"{room}.*")], exclude=["app.root"])
package_dir = {"joulehash": "app/root"} | {f"joulehash.{f}": f.replace(".", "/") for f in folders}

# `make sanitize` asks for the C with the address and undefined-behaviour sanitizers.
SANITIZE = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer", "-g"]
sanitize = SANITIZE if os.environ.get("JOULEHASH_SANITIZE") else []

setup(
    packages=list(package_dir),
    package_dir=package_dir,
    ext_modules=[
        Extension(
            "joulehash.ext._scan",
            SCAN,
            depends=sorted(glob("ext/*.h") + glob("ext/*.pxd")),
            include_dirs=["ext"],
            extra_compile_args=["-std=c11", "-O3", "-Wall", "-Wextra", "-fvisibility=hidden", *sanitize],
            extra_link_args=sanitize,
        )
    ],
)
