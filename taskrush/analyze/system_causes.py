"""What the operating system, shells and the network complain of, as programs pass it on. One rule a complaint.

Rules are asked in order, line by line; the first whose function has something to say has the line.
"""

# ruff: noqa: E501, RUF001  (patterns quote what other programs print)

from __future__ import annotations

import re

from taskrush.analyze.causes import certain, perhaps, rule
from taskrush.analyze.ends import crlf, interpreter, not_executable
from taskrush.analyze.programs import not_found
from taskrush.analyze.variables import missing_variable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional, Tuple

    from taskrush.analyze.causes import Found, Look, Rule

GiB = 1 << 30
_PATH = r"[\w./@+~-]*[\w@+~-]"


def _memory_of(look: Look, line: str) -> str:
    if "JavaScript heap" in line:
        return "give Node more with `env: {NODE_OPTIONS: --max-old-space-size=4096}`"
    if "Java" in line or "java." in line:
        return "give the JVM more (`-Xmx`), or run fewer tasks at a time (`-j`)"
    return "run fewer tasks at a time (`-j`), or give it more memory"


@rule(r"JavaScript heap out of memory|java\.lang\.OutOfMemoryError|^MemoryError\b|std::bad_alloc|Cannot allocate memory"
      r"|[Oo]ut of [Mm]emory|virtual memory exhausted|\bENOMEM\b|runtime: out of memory|memory allocation of \d+ bytes")  # fmt: skip
def _memory(match: re.Match[str], look: Look) -> Found:
    if "fork" in look.line:
        return None
    return perhaps("out-of-memory", "it looks as if there was not enough memory for it", _memory_of(look, look.line))


@rule(r"No space left on device|\bENOSPC\b|[Dd]isk quota exceeded|\bEDQUOT\b|disk (?:is )?full")
def _disk(match: re.Match[str], look: Look) -> Found:
    if "watch" in look.line:
        return perhaps(
            "file-watchers",
            "it looks as if the limit on watched files was reached, not the disk's end",
            "`sysctl fs.inotify.max_user_watches=524288`",
        )
    free = look.machine.free()
    facts = ""
    if free is not None and free[0] < GiB:
        facts = f": {free[0] >> 20} MiB are free where the workspace lies"
    elif free is not None and not free[1]:
        facts = ": there is no room for further files (inodes) where the workspace lies"
    elif free is not None:
        facts = (
            f"; where the workspace lies {free[0] // GiB} GiB are free, so perhaps it is another place, such as /tmp"
        )
    return perhaps(
        "disk-full", f"it looks as if a disk is full{facts}", "`df -h` shows which; `taskrush cache prune` makes room"
    )


@rule(r"(?i)address already in use|\bEADDRINUSE\b|port \d+ is (?:already )?(?:in use|allocated|taken)"
      r"|port is already (?:allocated|in use)")  # fmt: skip
def _port(match: re.Match[str], look: Look) -> Found:
    number = _port_in(look.line)
    if number is None:
        near = [line for line in look.evidence.lines if re.search(r"(?i)\bport\b|listen|bind", line)]
        number = next((found for found in map(_port_in, near) if found is not None), None)
    if number is None:
        return perhaps("port-in-use", "it looks as if another process has the port it wants", "`ss -ltnp` shows who")
    holder = look.machine.holder_of(number)
    if holder is not None:
        message = f"port {number} is taken: process {holder[0]} (`{holder[1][:60].strip()}`) listens there now"
        return perhaps("port-in-use", message, f"end it (`kill {holder[0]}`), or use another port")
    busy = look.machine.listens(number)
    if busy:
        return perhaps(
            "port-in-use", f"port {number} is taken by a process of another user", f"`sudo ss -ltnp sport = :{number}`"
        )
    message = f"it looks as if port {number} was taken" + ("; it is free now" if busy is False else "")
    return perhaps("port-in-use", message, "perhaps an earlier run, or another task of this one, had it")


def _port_in(line: str) -> Optional[int]:
    found = re.search(r"(?i)(?::|port[ =:]+|\('[^']*', )(\d{2,5})\b", line)
    return int(found.group(1)) if found and 0 < int(found.group(1)) < 65536 else None


@rule(r"(?i)too many open files|\bEMFILE\b|\bENFILE\b")
def _files(match: re.Match[str], look: Look) -> Found:
    remedy = "`ulimit -n` shows the limit, `ulimit -n 4096` before the command raises it"
    return perhaps("too-many-files", "it looks as if too many files were open", remedy)


@rule(r"fork: (?:retry: )?(?:Resource temporarily unavailable|Cannot allocate memory)|Cannot fork|can't start new thread"
      r"|pthread_create.*(?:Resource temporarily|failed)|unable to create (?:new )?native thread")  # fmt: skip
def _processes(match: re.Match[str], look: Look) -> Found:
    remedy = "run fewer tasks at a time (`-j`), or raise `ulimit -u`"
    return perhaps("too-many-processes", "it looks as if no more processes or threads may be started", remedy)


@rule(r"(?i)read-only file system|\bEROFS\b")
def _read_only(match: re.Match[str], look: Look) -> Found:
    return perhaps(
        "read-only",
        "it looks as if it writes where nothing may be written (a read-only file system)",
        "write below the workspace or to `$TMPDIR`; in a container, mount a volume there",
    )


@rule(r"Argument list too long|\bE2BIG\b")
def _too_long(match: re.Match[str], look: Look) -> Found:
    return certain("too-long", "a command was longer than the system takes", "use `xargs` or `find -exec ... +`")


@rule(r"File name too long|\bENAMETOOLONG\b|Too many levels of symbolic links|\bELOOP\b|Invalid cross-device link|\bEXDEV\b"
      r"|Text file busy|\bETXTBSY\b")  # fmt: skip
def _odd_files(match: re.Match[str], look: Look) -> Found:
    what = match.group(0)
    remedy = {
        "Too many levels of symbolic links": "a link points at itself, perhaps by way of others: `namei PATH` shows it",
        "Invalid cross-device link": "a file cannot be moved or linked to another file system: copy it",
        "Text file busy": "the program is running while it is being written: end it first",
        "File name too long": "a name may have 255 bytes, a path 4096",
    }.get(what)
    return perhaps("file-system", f"the system refused a path: {what[0].lower()}{what[1:]}", remedy)


# --- shells -----------------------------------------------------------------------------


@rule(r"\$'\\r': command not found|(?:^|: )(\S*?)(?:\r|\^M|\\r|\?)?['’]?: bad interpreter"
      r"|^\S*env: ['‘\"]?([\w.-]+)(?:\\r|\?)['’\"]?: No such file|exec (\S+): no such file or directory")  # fmt: skip
def _crlf(match: re.Match[str], look: Look) -> Found:
    script = re.search(r"((?:\./|/)?[\w./-]+): (?:(?:line )?\d+: )?(?:/|\$'\\r|.*bad interpreter)", look.line)
    if script and look.machine.exists(script.group(1)) and "bad interpreter" in look.line:
        return interpreter(script.group(1), look)
    if "\\r" in look.line or "^M" in look.line or "?" in (match.group(0) or ""):
        if script and script.group(1) and "\r\n" in look.machine.read(script.group(1)):
            return crlf(script.group(1))
        return perhaps(
            "crlf", "it looks as if a script has the line ends of Windows (CRLF)", "`sed -i 's/\\r$//' FILE`"
        )
    return None


@rule(r"^(?:\S+: )?(?:line )?\d+: (?:exec: )?(\S+): (?:command )?not found$|^(\S+): (?:command )?not found$"
      r"|^\S*(?:zsh|fish):(?:\d+:)? (?:command not found|[Uu]nknown command):? (\S+)$"
      r"|^\S*(?:env|xargs|nice|time|nohup|timeout|make): (?:failed to run command )?['‘\"]?([^\s'’\"]+)['’\"]?: No such file or directory$"
      r"|^exec: \"?(\S+?)\"?: executable file not found in \$PATH|^'(\S+)' is not recognized as an internal"
      r"|^(?:spawn|Error: spawn) (\S+) ENOENT|: No such file or directory: '([\w.-]+)'$")  # fmt: skip
def _command(match: re.Match[str], look: Look) -> Found:
    name = next((group for group in match.groups() if group), "").strip(":")
    if match.group(8) and ("." in name or not re.search(r"(?i)popen|subprocess", " ".join(look.evidence.lines))):
        return None  # a file of Python's `open`, more likely
    if match.group(2) and "command not found" not in look.line and look.code != 127:
        return None  # anything may be not found
    if name in ("[[", "source", "pushd", "declare", "shopt", "local", "function", "let") or "${" in look.line:
        return _of_bash(name)
    return not_found(name, look, said=look.code == 127)


def _of_bash(what: str) -> Found:
    return certain(
        "shell-syntax",
        f"`{what}` is known to bash, not to the `sh` that runs the command",
        "`shell: bash` for this task",
    )


@rule(r"[Bb]ad substitution|[Ss]yntax error: \"\(\" unexpected|(?:^|: )Syntax error: redirection unexpected")
def _bashism(match: re.Match[str], look: Look) -> Found:
    if re.match(r"\S*bash", look.line):
        return None
    return perhaps("shell-syntax", "it looks as if the command is written for bash, not for `sh`", "`shell: bash`")


@rule(r"(?i)syntax error near unexpected token|unexpected EOF while looking|unterminated quoted string"
      r"|^\S*sh: (?:-c: )?(?:line )?\d+: syntax error|unexpected end of file")  # fmt: skip
def _syntax(match: re.Match[str], look: Look) -> Found:
    if not re.match(r"\S+: (?:-c: )?(?:line )?\d+: ", look.line):
        return None
    return certain(
        "shell-syntax", "the shell could not read the command", "look for a quote, `fi`, `done` or `)` that is missing"
    )


@rule(r"(?:unbound variable|parameter (?:null or )?not set|(?i:environment variable|env(?:ironment)? var)|KeyError: '[A-Z]"
      r"|\b[A-Z][A-Z0-9_]{2,}\b.{0,40}\b(?:not set|unset|must be set|required|missing|undefined|not defined|empty))")  # fmt: skip
def _variable(match: re.Match[str], look: Look) -> Found:
    return missing_variable(look.line, look)


@rule(
    rf"({_PATH}): Is a directory$|(?:[Pp]ermission denied|\bEACCES\b|PermissionError|Operation not permitted|\bEPERM\b)"
)
def _permission(match: re.Match[str], look: Look) -> Found:
    line = look.line
    if "publickey" in line or "password" in line:
        return perhaps(
            "ssh-key",
            "it looks as if the other side takes none of the keys that were offered",
            "`ssh-add -l`, `ssh -v`",
        )
    if "docker" in line.lower() and "sock" in line:
        return perhaps(
            "docker-permission", "it looks as if this user may not talk to the docker daemon",
            "add yourself to the group `docker`, or use rootless docker or podman",
        )  # fmt: skip
    port = re.search(r":(\d+)\b.*bind|bind.*:(\d+)\b", line)
    if port and 0 < int(port.group(1) or port.group(2)) < 1024:
        return perhaps("low-port", "ports below 1024 are for root only", "use a port above 1023")
    if look.code == 126:
        path = re.search(rf"({_PATH}): (?:[Pp]ermission denied|Is a directory)", line)
        if path:
            return not_executable(path.group(1), look)
    name = _path_in(line)
    if name is None or not look.machine.exists(name):
        return perhaps("permission-denied", "it looks as if it may not do or open something", None)
    owner = look.machine.owner(name)
    facts = f" (it belongs to `{owner}`)" if owner else ""
    return perhaps("permission-denied", f"it looks as if it may not use `{name}`{facts}", f"`ls -ld {name}` shows why")


_PATHS = (
    re.compile(r"No such file or directory: b?['\"]([^'\"]+)['\"]|Permission denied: b?['\"]([^'\"]+)['\"]"),
    re.compile(r"(?:ENOENT|EACCES|EPERM)[^'\"]*['\"]([^'\"]+)['\"]"),
    re.compile(
        r"(?:cannot (?:open|access|stat|read|create \w+|remove|find)|can't (?:open(?: file)?|read|find)"
        r"|[Ff]ailed to open|[Cc]ould not (?:open|find|read)) (?:file )?['‘\"`]?([^'’\"`:\s]+)['’\"`]?"
    ),
    re.compile(r"\b(?:open|stat|chdir|lstat|readlink) (\S+): (?:no such file|permission denied|not a directory)"),
    re.compile(
        r"^\S+: (?:(?:line )?\d+: )?['‘\"]?([^\s:'’\"]+)['’\"]?: (?:No such file or directory|Permission denied)"
    ),
    re.compile(r"((?=[\w-]*[./])[\w./-]+)[:'\"]? (?:\(?No such file or directory\)?|does not exist|not found)$"),
    re.compile(r"java\.(?:io|nio\.file)\.\w*(?:FileNotFound|NoSuchFile)\w*: (\S+)"),
)


def _path_in(line: str) -> Optional[str]:
    for pattern in _PATHS:
        found = pattern.search(line)
        if found:
            path = next((group for group in found.groups() if group), "")
            if path and len(path) < 300 and path not in ("/", "."):
                return path
    return None


@rule(r"(?i)no such file or directory|\bENOENT\b|FileNotFound|NoSuchFile|cannot find the (?:file|path)|does not exist$"
      r"|can't open file|cannot open|could not open|failed to open")  # fmt: skip
def _file(match: re.Match[str], look: Look) -> Found:
    path = _path_in(look.line)
    if path is None or look.machine.exists(path):
        return None
    message = f"it looks as if it misses `{path}`, which is not there"
    if look.machine.at_root(path):
        folder = look.machine.shown(look.machine.cwd)
        remedy: Optional[str] = f"it is there from the top of the workspace, but the task runs in `{folder}`"
    else:
        near = look.machine.nearest(path)
        remedy = f"there is `{near}`: did you mean that?" if near else "if another task makes it, name that in `deps`"
    return perhaps("missing-file", message, remedy)


# --- network ---------------------------------------------------------------------------------


@rule(r"(?i)could not resolve (?:host|proxy)(?:name)?:? ?(\S*)|getaddrinfo (?:ENOTFOUND|EAI_AGAIN) (\S+)"
      r"|name or service not known|temporary failure in name resolution|no such host|nodename nor servname|unknown host"
      r"|failed to lookup address|NameResolutionError|unable to resolve host address ['‘\"]?([\w.-]+)")  # fmt: skip
def _dns(match: re.Match[str], look: Look) -> Found:
    named = next((group for group in match.groups() if group), "") or _host_in(look.line)
    host = f" `{named.strip('.,:;()')}`" if named else ""
    return perhaps("dns", f"it looks as if no address was found for the host{host}", _way_out(look))


@rule(r"(?i)connection refused|\bECONNREFUSED\b|failed to connect to|couldn't connect to server|ConnectionRefused")
def _refused(match: re.Match[str], look: Look) -> Found:
    line = look.line
    place = re.search(r"((?:localhost|127\.0\.0\.1|\[?::1\]?|0\.0\.0\.0))(?: ?\([^)]*\))?(?::| port )(\d+)", line)
    if place:
        port = int(place.group(2))
        idle = look.machine.listens(port) is False if 0 < port < 65536 else False
        facts = f": nobody listens on port {port} of this machine now" if idle else f" at port {port}"
        return perhaps(
            "refused",
            f"it looks as if a server it needs is not up{facts}",
            "start it first, perhaps as a task in `deps`",
        )
    return perhaps(
        "refused", "it looks as if a server refused the connection", "is it up, and are host and port right?"
    )


@rule(r"(?i)certificate verify failed|self.signed certificate|SSL certificate problem|x509:|unable to get local issuer"
      r"|CERT_HAS_EXPIRED|certificate has expired|SSLError|PKIX path building failed|certificate is not yet valid")  # fmt: skip
def _tls(match: re.Match[str], look: Look) -> Found:
    if "not yet valid" in look.line:
        return perhaps("tls", "a certificate is said to be not yet valid: perhaps this machine's clock is wrong", None)
    if "expired" in look.line.lower():
        return perhaps("tls", "it looks as if a certificate has expired", "or this machine's clock is wrong: `date`")
    return perhaps(
        "tls", "it looks as if a certificate is not trusted here",
        "behind a company proxy, name its certificates in `SSL_CERT_FILE` (Node: `NODE_EXTRA_CA_CERTS`)",
    )  # fmt: skip


@rule(r"(?i)\b407\b.*proxy|ProxyError|proxy CONNECT aborted|Tunnel connection failed|proxy authentication required")
def _proxy(match: re.Match[str], look: Look) -> Found:
    return perhaps(
        "proxy", f"it looks as if a proxy is in the way{_proxy_facts(look)}", "check `HTTPS_PROXY`, `NO_PROXY`"
    )


@rule(r"(?i)network is unreachable|\bENETUNREACH\b|no route to host|\bEHOSTUNREACH\b|connection reset|\bECONNRESET\b"
      r"|broken pipe.*(?:http|socket)|unexpected eof while reading|remote end closed")  # fmt: skip
def _network(match: re.Match[str], look: Look) -> Found:
    return perhaps("network", "it looks as if the network let it down", _way_out(look))


@rule(r"(?i)\bETIMEDOUT\b|connection timed out|(?:read|connect|request|operation) timed out|deadline exceeded"
      r"|ConnectTimeout|ReadTimeout|\bTimeoutError\b|timed out after|timeout of \d+ ?ms exceeded|exceeded timeout")  # fmt: skip
def _timeout(match: re.Match[str], look: Look) -> Found:
    return perhaps(
        "timeout", "it looks as if something took longer than it was given", "perhaps `retry` helps, or time"
    )


@rule(
    r"(?i)\b(?:HTTP|status(?: code)?|error|returned error|response)[ :=/\d.]{0,8}\b(401|403|404|429|500|502|503|504)\b"
)
def _http(match: re.Match[str], look: Look) -> Found:
    code = match.group(1)
    means = {
        "401": "who asks was not known: perhaps a token is missing or has expired",
        "403": "who asks may not: perhaps a token lacks a right",
        "404": "there is nothing at that address",
        "429": "it was asked too often: perhaps later, or `retry` with a delay",
    }.get(code, "the server itself had trouble: perhaps `retry` helps")
    return perhaps("http", f"it looks as if a server answered {code}: {means}", None)


def _host_in(line: str) -> str:
    found = re.search(r"(?:https?|ssh|git)://(?:[^@/\s]*@)?([\w.-]+)", line)
    return found.group(1) if found else ""


def _proxy_facts(look: Look) -> str:
    names = [name for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy") if look.machine.variable(name)]
    return f" (`{names[0]}` is set)" if names else ""


def _way_out(look: Look) -> str:
    facts = _proxy_facts(look)
    return f"is there a network here{', and is the proxy right' + facts if facts else ''}? perhaps `retry` helps"


RULES: Tuple[Rule, ...] = (
    *(_processes, _memory, _disk, _port, _files, _read_only, _too_long, _odd_files, _crlf, _command, _bashism, _syntax),
    *(_dns, _refused, _tls, _proxy, _network, _variable, _permission, _file, _timeout, _http),
)
