"""`taskrush completions SHELL`: a script that completes words, by asking `taskrush __complete` each time."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

BASH = r"""# taskrush completion for bash: put  source <(taskrush completions bash)  into ~/.bashrc
_taskrush() {
    local line="${COMP_LINE:0:COMP_POINT}" current="${COMP_WORDS[COMP_CWORD]}" word files=0
    local -a words=("${COMP_WORDS[@]:1:COMP_CWORD}") joined=()
    # bash splits words at ':' and '=' (COMP_WORDBREAKS): put them together again
    local index previous=""
    for ((index = 1; index <= COMP_CWORD; index++)); do
        word="${COMP_WORDS[index]}"
        if [[ ${#joined[@]} -gt 0 && "$line" == *"$previous$word"* && ( "$word" == [:=]* || "$previous" == [:=] ) ]]
        then
            joined[${#joined[@]}-1]+="$word"
        else
            joined+=("$word")
        fi
        previous="$word"
    done
    words=("${joined[@]}")
    local whole="${words[${#words[@]}-1]}"
    local cut="${whole%"${current}"}"
    [[ "$current" == [:=] ]] && cut="$whole"
    COMPREPLY=()
    while IFS=$'\t' read -r word _; do
        if [[ "$word" == __files__ ]]; then files=1; else COMPREPLY+=("${word#"$cut"}"); fi
    done < <("${COMP_WORDS[0]}" __complete "${words[@]}" 2>/dev/null)
    if [[ $files == 1 ]]; then
        [[ "$current" == [:=] ]] && current=""
        compopt -o filenames 2>/dev/null
        while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$current")
    fi
}
complete -F _taskrush taskrush rush
"""

ZSH = r"""#compdef taskrush rush
# taskrush completion for zsh: put  source <(taskrush completions zsh)  into ~/.zshrc, after compinit
_taskrush() {
    local line word text files=0
    local -a names shown
    while IFS=$'\t' read -r word text; do
        if [[ $word == __files__ ]]; then
            files=1
        else
            names+=("$word")
            shown+=("${word}${text:+  -- $text}")
        fi
    done < <("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)
    (( ${#names} )) && compadd -l -d shown -a names
    (( files )) && _files
    return 0
}
(( $+functions[compdef] )) && compdef _taskrush taskrush rush
"""

FISH = r"""# taskrush completion for fish: put  taskrush completions fish | source  into ~/.config/fish/config.fish
function __taskrush_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l files 0
    for line in ($words[1] __complete $words[2..-1] 2>/dev/null)
        if string match -q '__files__*' -- $line
            set files 1
        else
            echo $line
        end
    end
    test $files = 1; and __fish_complete_path (commandline -ct)
end
complete -c taskrush -f -a '(__taskrush_complete)'
complete -c rush -f -a '(__taskrush_complete)'
"""

SCRIPTS = {"bash": BASH, "zsh": ZSH, "fish": FISH}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=sorted(SCRIPTS), help="whose script")


def run(options: argparse.Namespace) -> int:
    print(SCRIPTS[options.shell], end="")
    return 0
