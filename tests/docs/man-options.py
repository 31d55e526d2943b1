#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Whether the man page has the commands and options that --help prints, and no
# others. Usage: man-options.py VATT PAGE
import re
import subprocess
import sys

vatt, page = sys.argv[1:]


def help_of(*command):
    return subprocess.run([vatt, *command, "--help"], check=True,
                          capture_output=True, text=True).stdout


def options_of_help(text):
    found = set()
    for line in text.splitlines():
        match = re.match(r"  (?:(-\w), )?(--[\w-]+)", line)
        if match and match[2] != "--help":
            found |= {option for option in match.groups() if option}
    return found


with open(page, encoding="utf-8") as file:
    source = file.read().replace(r"\-", "-")

sections = {}
for section in re.split(r"^\.S[SH] ", source, flags=re.MULTILINE)[1:]:
    title = section.splitlines()[0]
    if title.startswith("vatt "):
        tags = re.findall(r"^\.TP\n\.B[IR]? (.*)$", section, re.MULTILINE)
        sections[title.split()[1]] = {
            option for tag in tags
            for option in re.findall(r"(?<![\w-])--?[a-z][a-z-]*", tag)}

commands = set(re.findall(r"^  (\w+) ", help_of(), re.MULTILINE))
wrong = [f"command {name}: in {'--help' if name in commands else 'the page'} only"
         for name in commands ^ set(sections)]
for name in sorted(commands & set(sections)):
    printed = options_of_help(help_of(name))
    assert printed, name
    wrong += [f"vatt {name} {option}: in "
              f"{'--help' if option in printed else 'the page'} only"
              for option in sorted(printed ^ sections[name])]
print("\n".join(wrong) if wrong else f"{len(commands)} commands agree")
sys.exit(1 if wrong else 0)
