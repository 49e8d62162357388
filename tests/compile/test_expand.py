"""What declarations become: inheritance, matrices, variables, environments, paths."""

from typing import Dict, Mapping, Tuple

import pytest

from taskrush.compile.expand import Surroundings, expand
from taskrush.compile.link import link
from taskrush.declare.nodes import decode
from taskrush.declare.rushfile import read_text
from taskrush.model.declaration import FileDecl
from taskrush.model.task import Shell, Task

pytestmark = pytest.mark.core


def read(text: str, folder: str = ".", namespace: str = "") -> FileDecl:
    path = "build.rush" if folder == "." else f"{folder}/build.rush"
    return read_text(decode(path, text.encode()), path, folder, namespace)


def tasks(
    *texts: str,
    environ: Mapping[str, str] = {},
    overrides: Mapping[str, str] = {},
    files: Mapping[str, str] = {},
) -> Dict[str, Task]:
    around = Surroundings(environ, overrides, files.get)
    return {task.id: task for task in expand(tuple(read(text) for text in texts), around)}


def messages(task: Task) -> Tuple[str, ...]:
    return tuple(str(problem) for problem in task.problems)


# --- inheritance -----------------------------------------------------------------


def test_own_keys_win_over_parents_and_those_over_defaults() -> None:
    """`env` is merged name by name, lists are replaced, a later parent wins over an earlier one."""
    found = tasks("""
defaults: {env: {A: default, B: default, C: default}, tags: [all]}
tasks:
  base: {cmd: echo base, hidden: true, env: {B: base, C: base}, inputs: [a, b], description: A base}
  other: {cmd: echo other, env: {C: other}}
  child: {extends: [base, other], env: {D: own}, inputs: [c]}
""")
    child = found["child"]
    assert child.env == {"A": "default", "B": "base", "C": "other", "D": "own"}
    assert child.action == Shell(("echo other",))
    assert child.inputs == ("c",)
    assert child.tags == ("all",)
    assert child.description == "A base"
    assert (found["base"].hidden, child.hidden) == (True, False)


def test_a_child_with_argv_does_not_keep_its_parents_cmd() -> None:
    """`cmd` and `argv` are one thing said in two ways."""
    found = tasks("tasks:\n  base: {cmd: echo base}\n  child: {extends: base, argv: [ls, -l]}\n")
    assert str(found["child"].action) == "ls -l"


def test_a_cycle_of_extends_is_named_and_the_tasks_are_still_there() -> None:
    """Tasks that extend each other in a circle have a problem; others do not."""
    found = tasks("tasks:\n  a: {extends: b}\n  b: {extends: c}\n  c: {extends: a, cmd: x}\n  d: {cmd: x}\n")
    assert any("tasks extend each other in a cycle: a -> b -> c -> a" in text for text in messages(found["a"]))
    assert not found["d"].problems


def test_extending_what_is_not_there_suggests_a_near_name() -> None:
    """The place is that of the key, the hint names what was meant."""
    found = tasks("tasks:\n  base: {cmd: x}\n  child: {extends: bass}\n")
    assert messages(found["child"]) == (
        "build.rush:3:11: task `child` extends `bass`, which does not exist\nhint: did you mean `base`?",
    )


def test_a_long_line_of_ancestors_needs_no_stack() -> None:
    """5,000 generations are walked without recursion, whichever comes first."""
    lines = [f"  t{n}: {{extends: t{n + 1}}}\n" for n in range(5000)]
    found = tasks("tasks:\n" + "".join(lines) + "  t5000: {cmd: echo old}\n")
    assert found["t0"].action == Shell(("echo old",))


# --- matrices -----------------------------------------------------------------


def test_a_matrix_makes_members_and_a_task_for_all_of_them() -> None:
    """Members are named by their values, know them as variables, and stand under the plain name."""
    found = tasks("""
tasks:
  test:
    matrix:
      py: ["3.8", "3.12"]
      os: [linux, mac]
      exclude: [{py: "3.8", os: mac}]
      include: [{py: "3.13", os: linux}]
    cmd: tox -e $py
    outputs: ["reports/${py}-${os}.xml"]
    deps: ["build@${os}"]
    aliases: [t]
""")
    assert list(found) == ["test", "test@3.8,linux", "test@3.12,linux", "test@3.12,mac", "test@3.13,linux"]
    assert [dep.task for dep in found["test"].deps] == [f":{name}" for name in list(found)[1:]]
    member = found["test@3.12,mac"]
    assert member.env == {"py": "3.12", "os": "mac"}
    assert member.outputs == ("reports/3.12-mac.xml",)
    assert member.deps[0].task == "build@mac"
    assert (member.group, member.aliases) == ("test", ())
    assert (found["test"].action, found["test"].aliases) == (None, ("t",))


def test_an_axis_may_be_the_words_of_a_variable() -> None:
    """A single `${NAME}` is split; odd signs do not get into names."""
    found = tasks("vars: {PARTS: 'a b:c d/e'}\ntasks:\n  t: {matrix: {part: ['${PARTS}']}, cmd: x}\n")
    assert list(found) == ["t", "t@a", "t@b_c", "t@d/e"]
    assert found["t@b_c"].env["part"] == "b:c"


def test_a_matrix_that_explodes_is_a_problem_of_its_task() -> None:
    """More combinations than anybody wants are refused."""
    axis = "[" + ", ".join(map(str, range(30))) + "]"
    found = tasks(f"tasks:\n  t: {{matrix: {{a: {axis}, b: {axis}, c: {axis}}}, cmd: x}}\n")
    assert "a matrix of 27000 combinations" in messages(found["t"])[0]


# --- variables and environments -----------------------------------------------------


def test_layers_of_the_environment() -> None:
    """variables < file env < dotenv < task env, and dotenv does not touch what the process has set."""
    found = tasks(
        """
vars: {A: var, B: var, V: "${A}-${W}", W: w}
env: {B: file, C: file, D: file}
dotenv: [.env]
tasks:
  t: {cmd: x, env: {D: task, E: "${C}+${V}"}}
""",
        environ={"SET": "process"},
        files={".env": "C=dotenv\nD=dotenv\nSET=dotenv\n"},
    )
    assert found["t"].env == {
        "A": "var", "B": "file", "V": "var-w", "W": "w", "C": "dotenv", "D": "task", "E": "dotenv+var-w",
    }  # fmt: skip


def test_env_may_use_what_stands_in_a_dotenv_file_whose_path_uses_env() -> None:
    """Both ways round, and a value that adds to itself does so once."""
    text = """
env: {MODE: dev, URL: "http://${HOST}", PATH: "${PATH}:bin"}
dotenv: [".env.${MODE}"]
tasks:
  t: {cmd: x}
"""
    (task,) = tasks(text, environ={"PATH": "/bin"}, files={".env.dev": "HOST=here\n"}).values()
    assert task.problems == ()
    assert task.env == {"HOST": "here", "MODE": "dev", "URL": "http://here", "PATH": "/bin:bin"}


def test_a_dotenv_file_has_a_name_that_is_known_before_anything_runs() -> None:
    """Neither parameters nor computed variables can be part of it."""
    found = tasks("tasks:\n  t: {params: {p: 1}, dotenv: ['${p}', '${v}'], vars: {v: {cmd: ls}}, cmd: x}\n")
    assert messages(found["t"]) == (
        "build.rush:2:32: `${p}` is only known while running and cannot be part of `dotenv`",
        "build.rush:2:40: `${v}` is only known while running and cannot be part of `dotenv`",
    )


def test_what_a_file_says_wrongly_is_told_once_for_all_of_its_tasks() -> None:
    """At its own place, not at each task; a variable cannot use `env`, and is told so."""
    found = tasks("""vars: {v: "${E}"}
env: {E: "x", F: "${G}"}
dotenv: ["${H}"]
tasks: {a: echo $v, b: echo}
""")
    hints = ("hint: it is set in `env`, which can use `vars`, not the reverse", "hint: set it, or give a default: ")
    assert (
        messages(found["a"])
        == messages(found["b"])
        == (
            f"build.rush:1:11: variable `v` mentions `${{E}}`, which is not set\n{hints[0]}",
            f"build.rush:3:10: `dotenv` mentions `${{H}}`, which is not set\n{hints[1]}`${{H:-...}}`",
            f"build.rush:2:15: `F` in `env` mentions `${{G}}`, which is not set\n{hints[1]}`${{G:-...}}`",
        )
    )


def test_a_variable_that_mentions_itself_means_the_one_outside() -> None:
    """`NAME: ${NAME:-default}` is how a file lets the environment decide."""
    text = 'vars: {MODE: "${MODE:-debug}"}\ntasks:\n  t: {cmd: x, env: {KIND: "${KIND:-${MODE}}"}}\n'
    assert tasks(text)["t"].env == {"MODE": "debug", "KIND": "debug"}
    assert tasks(text, environ={"MODE": "fast", "KIND": ""})["t"].env == {"MODE": "fast", "KIND": "fast"}


def test_overrides_win_over_everything_that_mentions_them() -> None:
    """`-e` reaches texts through variables too."""
    text = 'vars: {N: "1", TAG: "v${N}"}\ntasks:\n  t: {argv: [echo, "${TAG}"], env: {N: "2"}}\n'
    assert str(tasks(text, overrides={"N": "3"})["t"].action) == "echo v3"


def test_an_unknown_variable_is_a_problem_with_place_and_hint() -> None:
    """Only of the task that mentions it, and not in `cmd`, which belongs to the shell."""
    found = tasks(
        "vars: {TARGET: x}\ntasks:\n  t:\n    cmd: echo ${ANY}\n    outputs:\n      - dist/${TARGTE}\n  u: {cmd: x}\n"
    )
    assert messages(found["t"]) == (
        "build.rush:6:9: task `t` mentions `${TARGTE}`, which is not set\nhint: did you mean `TARGET`?",
    )
    assert not found["u"].problems


def test_a_missing_dotenv_file_is_only_told_with_what_it_leaves_unset() -> None:
    """It is no error by itself: such files are seldom in the repository."""
    found = tasks("dotenv: [.env]\ntasks:\n  t: {cmd: x, cwd: '${DIR}'}\n  u: {cmd: x}\n")
    assert "the dotenv file `.env` does not exist" in messages(found["t"])[0]
    assert not found["u"].problems


def test_variables_that_mention_each_other_in_a_circle() -> None:
    """The loop is named."""
    found = tasks('vars: {A: "${B}", B: "${A}"}\ntasks:\n  t: {cmd: x}\n')
    assert any("variables mention each other in a cycle: " in text for text in messages(found["t"]))


def test_parameters_stay_open_and_win_over_variables_of_the_same_name() -> None:
    """Their values come when the task is planned."""
    found = tasks(
        'vars: {to: file}\ntasks:\n  t: {cmd: x, params: {to: {}}, outputs: ["out/${to}"], confirm: "to ${to}?"}\n'
    )
    assert (found["t"].outputs, found["t"].confirm, found["t"].env) == (("out/${to}",), "to ${to}?", {})
    found = tasks('tasks:\n  t: {cmd: x, params: {to: {}}, deps: ["b-${to}"]}\n')
    assert "is a parameter and cannot be part of `deps`" in messages(found["t"])[0]


def test_computed_variables_are_hidden_tasks_of_those_who_mention_them() -> None:
    """One for all tasks of a file, each under the variable's name; nobody else waits for it."""
    found = tasks("""
vars:
  sha: {cmd: git rev-parse HEAD}
  tag: "v-${sha}"
tasks:
  a: {cmd: 'echo ${sha}'}
  b: {cmd: 'echo $tag'}
  c: {cmd: echo c}
  d: {argv: [echo, "${sha}"], vars: {own: {cmd: "echo $sha"}}, env: {X: "${own}"}}
""")
    assert [task_id for task_id in found if "$" in task_id] == ["$sha", "d$own"]
    assert (found["a"].bindings, found["b"].bindings) == ({"sha": "$sha"}, {"sha": "$sha"})
    assert found["b"].env == {"tag": "v-${sha}"}
    assert (found["c"].bindings, found["c"].env) == ({}, {})
    assert found["d"].bindings == {"sha": "$sha", "own": "d$own"}
    assert found["d$own"].bindings == {"sha": "$sha"}
    assert (found["$sha"].capture, found["$sha"].hidden) == (True, True)
    assert not link(found.values()).problems


def test_what_needs_a_computed_variable_is_not_there_while_it_is_computed() -> None:
    """A task's own variable may be used in its `env`, `cwd` and other variables, and in those of the file."""
    found = tasks("""
vars: {sha: {cmd: git rev-parse}, tag: "v-${sha}"}
env: {TAG: "${tag}", LONG: "${TAG}-long", OTHER: yes}
tasks:
  build:
    params: {n: {default: 1}}
    vars: {dir: {cmd: mktemp -d}, below: "${dir}/x"}
    env: {WORK: "${below}", MODE: fast}
    cwd: "${dir}"
    cmd: make -C $below $TAG
""")
    assert [task.problems for task in found.values()] == [(), (), ()]
    assert found["build"].bindings == {"sha": "$sha", "dir": "build$dir"}
    assert found["build"].cwd == "${dir}"
    computes = found["build$dir"]
    assert (computes.cwd, computes.bindings) == (".", {"sha": "$sha"})
    assert computes.env == {"TAG": "v-${sha}", "LONG": "v-${sha}-long", "OTHER": "yes", "MODE": "fast"}
    assert found["$sha"].env == {"OTHER": "yes"}


def test_a_variable_of_a_matrix_is_computed_for_each_member() -> None:
    """Also where the task uses a variable of the file as well, which is computed once."""
    found = tasks("""
vars: {sha: {cmd: git rev-parse}}
tasks:
  t: {matrix: {os: [a, b]}, vars: {own: {cmd: "echo $os"}}, cmd: "echo $sha $own"}
""")
    assert list(found) == ["t", "t@a", "t@b", "$sha", "t@a$own", "t@b$own"]
    assert [found[name].env for name in ("t@a$own", "t@b$own", "$sha")] == [{"os": "a"}, {"os": "b"}, {}]
    assert found["t@b"].bindings == {"sha": "$sha", "own": "t@b$own"}


def test_computed_variables_that_need_each_other_are_a_cycle() -> None:
    """The graph tells it as any other cycle; the last of them has the first one again."""
    found = tasks("tasks:\n  t: {vars: {x: {cmd: echo $y}, y: {cmd: echo $x}}, cmd: echo $x}\n")
    assert (found["t$x"].bindings, found["t$y"].bindings) == ({"y": "t$y"}, {"x": "t$x"})


def test_computed_variables_do_not_get_parameters() -> None:
    """They are computed for the task whatever is given to it; silence would mean an empty text."""
    found = tasks("tasks:\n  t:\n    params: {n: {default: 1}}\n    vars: {v: {cmd: echo $n}}\n    cmd: echo $v\n")
    assert messages(found["t$v"]) == (
        "build.rush:4:21: variable `v` is computed without the parameters of its task, it cannot use `$n`\n"
        "hint: use the parameter in `cmd` itself",
    )


def test_the_task_for_all_members_of_a_matrix_describes_them_all() -> None:
    """Each axis stands for its values; long ones are cut."""
    found = tasks("""
vars: {what: Test}
tasks:
  t: {description: "${what} ${os} on ${n}", matrix: {os: [a, b], n: [1, 2, 3, 4, 5]}, cmd: echo}
""")
    assert found["t"].description == "Test a|b on 1|2|3|4|..."
    assert found["t@b,5"].description == "Test b on 5"


def test_a_parameter_cannot_be_an_axis_as_well() -> None:
    """What is given on the command line would have no effect."""
    found = tasks("tasks:\n  t: {matrix: {x: [1, 2]}, params: {x: 5}, cmd: echo $x}\n")
    assert {messages(found[name])[0] for name in ("t@1", "t@2")} == {
        "build.rush:2:37: `x` of task `t` is a parameter and an axis of its matrix\nhint: rename one of them"
    }


def test_computed_variables_cannot_name_files_or_tasks() -> None:
    """What must be known before the run cannot come from it."""
    found = tasks('vars: {sha: {cmd: x}}\ntasks:\n  t: {cmd: x, outputs: ["${sha}.txt"]}\n')
    assert "`${sha}` is computed while running and cannot be part of `outputs`" in messages(found["t"])[0]


# --- paths, actions, the rest ----------------------------------------------------------


def test_paths_are_relative_to_the_file_that_names_them() -> None:
    """An included file means the same wherever it is included."""
    text = """
tasks:
  t: {cmd: x, inputs: [a.c, "!gen/**", ../top.h], outputs: [./out/], cwd: sub, deps: [u], aliases: [tt]}
  u: {cmd: x, inputs: [/etc/passwd, ../../x]}
"""
    found = {task.id: task for task in expand((read(text, "pkg", "ns"),))}
    task = found["ns:t"]  # type: ignore[index]
    assert (task.inputs, task.outputs) == (("pkg/a.c", "!pkg/gen/**", "top.h"), ("pkg/./out/",))
    assert (task.cwd, task.folder, task.aliases) == ("pkg/sub", "pkg", ("ns:tt",))
    assert [problem.message.rpartition(": ")[2] for problem in found["ns:u"].problems] == [  # type: ignore[index]
        "it is absolute; paths of inputs and outputs are relative to the file that names them",
        "it leaves the workspace",
    ]


def test_before_and_after_frame_the_command_which_takes_the_extra_arguments() -> None:
    """What follows `--` goes to `cmd`, not to `after`."""
    found = tasks("""
tasks:
  t: {cmd: main, before: [one, two], after: end}
  u: {argv: [main, "a b", "${x}y z"], before: one, params: {x: {}}}
""")
    assert found["t"].action == Shell(("one", "two", "main", "end"), main=2)
    assert found["u"].action == Shell(("one", "main 'a b' \"${x}\"'y z'"))


@pytest.mark.parametrize(
    ("text", "lacks"),
    [
        (
            "remotes: {r: {type: ssh, host: h}}\ntasks:\n  t: {cmd: x, remote: r}\n",
            "remote execution (`r`) is not part",
        ),
        ("plugins: [{name: p}]\ntasks:\n  t: {cmd: x}\n", "plugin `p`: plugins are not part of this version"),
        ("cache: {backends: [{type: cloud}]}\ntasks:\n  t: {cmd: x}\n", "cache back end `cloud`"),
        ("tasks:\n  t: {cmd: x, cache: {share_across_team: true}}\n", "sharing a cache across a team is not part"),
        ("cache: {policies: {ttl: 30d}, backends: [{type: local}]}\ntasks:\n  t: {cmd: x}\n", None),
        ("remotes: {r: {type: ssh, host: h}}\ntasks:\n  t: {cmd: x, retry: {attempts: 3}}\n", None),
    ],
)
def test_capabilities_that_are_not_there_yet_are_named(text: str, lacks: "str | None") -> None:
    """What would change a run is refused with its place; what only changes its cost is accepted."""
    task = tasks(text)["t"]
    if lacks is None:
        assert task.missing == ()
    else:
        assert lacks in task.missing[0].message
        assert task.missing[0].where is not None
        assert task.missing[0].where.line
    assert not task.problems


def test_an_undeclared_remote_is_an_error_of_its_own() -> None:
    """It will still be wrong when remotes work."""
    found = tasks("remotes: {build: {type: ssh, host: h}}\ntasks:\n  t: {cmd: x, remote: biuld}\n")
    assert "which is not declared under `remotes`\nhint: did you mean `build`?" in messages(found["t"])[0]
