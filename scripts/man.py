#!/usr/bin/env python3
"""Writes the manual pages: scripts/man.py PROGRAMS OUT

PROGRAMS is the folder of the built programs; what they declare of themselves (--experimental-dump-help, help TOPIC) is all
that goes into the pages. OUT gets man1/ and man7/.
"""
import json
import pathlib
import re
import subprocess
import sys


def main(programs, out):
    version = said(programs / "dossier", "--version").strip()
    topics = [line.split(None, 1) for line in said(programs / "dossier", "help", "topics").splitlines()]
    pages = {f"man7/dossier-{name}.7": topic_page(programs, name, summary, version) for name, summary in topics}
    also = [("dossier-server", 1)] + [(f"dossier-{name}", 7) for name, _ in topics]
    pages["man1/dossier.1"] = program_page(programs / "dossier", version, also)
    pages["man1/dossier-server.1"] = program_page(programs / "dossier-server", version, [("dossier", 1)])
    for path, text in pages.items():
        file = out / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def said(program, *words):
    return subprocess.run([program, *words], check=True, capture_output=True, text=True).stdout


def program_page(program, version, also):
    root = json.loads(said(program, "--experimental-dump-help"))["command"]
    name = root["commandName"]
    commands = shown(root)
    common = common_options(root)
    page = [title(name, 1, version), ".SH NAME", f"{text(name)} \\- {text(lowered(root['abstract']))}"]
    page += [".SH SYNOPSIS", f".B {text(name)}", ".I command", "[\\fIoptions\\fR] [\\fIarguments\\fR]"]
    if root.get("discussion"):
        page += [".SH DESCRIPTION", *discussion(root["discussion"])]
    page += [".SH OPTIONS OF EVERY COMMAND", *options(common)]
    known = {key(option) for option in common}
    for group, names in groups(program, commands):
        page.append(f".SH {text(group)}")
        for command in names:
            page += command_section(name, command, known)
    page += [".SH SEE ALSO", " ,\n".join(f".BR {text(other)} ({section})" for other, section in also)]
    return "\n".join(page) + "\n"


def command_section(program, command, known):
    """One command; those below it stand behind it."""
    words = f"{program} {command['commandName']}"
    inner = shown(command)
    section = []
    if not inner:
        section = [".SS " + quoted(synopsis(words, command, known)), text(command["abstract"])]
        if command.get("discussion"):
            section += [".PP", *discussion(command["discussion"])]
        section += options([o for o in command.get("arguments", []) if o["shouldDisplay"] and key(o) not in known])
    for sub in inner:
        section += command_section(words, sub, known)
    return section


def synopsis(words, command, known):
    parts = [words]
    for argument in command.get("arguments", []):
        if not argument["shouldDisplay"] or key(argument) in known:
            continue
        part = argument["valueName"].upper() if argument["kind"] == "positional" else option_names(argument)[0]
        if argument["kind"] == "option":
            part += f" {argument['valueName'].upper()}"
        if argument["isRepeating"]:
            part += " …"
        parts.append(f"[{part}]" if argument["isOptional"] else part)
    return " ".join(parts)


def options(arguments):
    lines = []
    for argument in arguments:
        value = argument["valueName"].upper()
        if argument["kind"] == "positional":
            head = f"\\fI{text(value)}\\fR"
        else:
            head = ", ".join(f"\\fB{text(name)}\\fR" for name in option_names(argument))
            if argument["kind"] == "option":
                head += f" \\fI{text(value)}\\fR"
        lines += [".TP", head, text(argument.get("abstract") or "Its name.")]
        values = argument.get("allValues") or []
        if not all(value in lines[-1] for value in values):
            lines[-1] += " " + text("One of: " + ", ".join(values) + ".")
    return lines


def option_names(argument):
    return [("-" if name["kind"] == "short" else "--") + name["name"] for name in argument["names"]]


def key(argument):
    return tuple(option_names(argument)) if argument["kind"] != "positional" else ("", argument["valueName"])


def common_options(root):
    """What nearly every command takes is told once."""
    commands = leaves(root)
    seen = {}
    for command in commands:
        for argument in command.get("arguments", []):
            if argument["kind"] != "positional" and argument["shouldDisplay"]:
                seen.setdefault((key(argument), argument.get("abstract")), []).append(argument)
    return [all[0] for all in seen.values() if len(all) >= 0.9 * len(commands)]


def leaves(command):
    inner = shown(command)
    return [leaf for sub in inner for leaf in leaves(sub)] if inner else [command]


def shown(command):
    return [c for c in command.get("subcommands", []) if c["shouldDisplay"] and c["commandName"] != "help"]


def groups(program, commands):
    """As the help of the program groups them."""
    found = []
    for line in said(program, "--help").splitlines():
        head = re.fullmatch(r"(?:([A-Z]+) )?SUBCOMMANDS:", line)
        if head:
            found.append((f"{head[1] or ''} COMMANDS".strip(), []))
        elif found and (word := re.match(r"  (\S+)", line)):
            found[-1][1].extend(c for c in commands if c["commandName"] == word[1])
    return found


def topic_page(programs, name, summary, version):
    body = said(programs / "dossier", "help", name).rstrip("\n")
    return "\n".join([
        title(f"dossier-{name}", 7, version), ".SH NAME", f"dossier\\-{text(name)} \\- {text(summary)}",
        ".SH DESCRIPTION", ".nf", text(body), ".fi", ".SH SEE ALSO", ".BR dossier (1)",
    ]) + "\n"


def title(name, section, version):
    return f'.TH "{text(name.upper())}" "{section}" "" "{text(version)}" "Dossier"\n.ad l\n.nh'


def discussion(body):
    """Lines that stand in columns stay lines."""
    if re.search(r"\S {2,}\S|^ +\S", body, re.M):
        return [".nf", text(body), ".fi"]
    return [text(" ".join(body.split()))]


def lowered(sentence):
    return (sentence[:1].lower() + sentence[1:]).rstrip(".")


def quoted(words):
    return '"' + text(words).replace('"', '\\(dq') + '"'


def text(words):
    """As roff takes it: no escapes, no requests, hyphens that can be copied."""
    escaped = words.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga")
    escaped = escaped.replace("^", "\\(ha").replace("~", "\\(ti")
    return "\n".join("\\&" + line if line.startswith((".", "\\(aq")) else line for line in escaped.split("\n"))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__.strip().splitlines()[0])
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
