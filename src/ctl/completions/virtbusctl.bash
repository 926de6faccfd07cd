# SPDX-License-Identifier: LGPL-2.1-or-later
# bash completion for virtbusctl

# Candidates, a line each, that begin with what has been typed. Names of domains are whatever their owners chose: they are
# data only, never expanded (as compgen -W would), and are quoted for the command line.
__virtbusctl_offer() {
        local candidate quoted
        while IFS= read -r candidate; do
                printf -v quoted %q "$candidate"
                [[ $candidate == "$current"* || $quoted == "$current"* ]] && COMPREPLY+=("$quoted")
        done
}

# Readline puts a candidate in the place of what follows the last = or :, not of the whole word.
__virtbusctl_trim() {
        local breaks=${COMP_WORDBREAKS//[^=:]/}
        [[ -n $breaks ]] && COMPREPLY=("${COMPREPLY[@]#"${current%"${current##*["$breaks"]}"}"}")
}

# Names of domains, of the service that the command line is about.
__virtbusctl_domains() {
        virtbusctl "${scope[@]}" list --json 2>/dev/null |
                sed -n 's/^.*"Name": *"\([^"\\]*\)".*$/\1/p'
}

_virtbusctl() {
        local current previous words cword
        local verb='' argument=0 word i scope=() offer=''
        local options='--system --user --address --no-ask-password --help --version'
        local -A own=(
                [list]='--json'
                [show]='--json'
                [hardware]='--json'
                [xml]='--inactive'
                [monitor]='--json'
                [log]='--follow'
                [emulators]='--json'
                [machines]='--json'
                [machine]='--json'
                [create]='--paused --secret'
                [validate]='--schema'
                [argv]='--null'
                [undefine]='--discard-save'
                [start]='--paused --no-wait --reset-nvram --discard-save --secret'
                [tune]='--live --config'
                [run]='--unit'
        )

        # Bus addresses and files of secrets have = and : in them, at which readline splits words.
        _get_comp_words_by_ref -n =: -c current -p previous -w words -i cword
        for ((i = 1; i < cword; i++)); do
                word=${words[i]}
                case $word in
                --system|--user|--address=*) scope=("$word") ;;
                --secret) ((i++)) ;;
                --address) scope=(--address "${words[i+1]}"); ((i++)) ;;
                -*) ;;
                *) if [[ -z $verb ]]; then verb=$word; else ((argument++)); fi ;;
                esac
        done
        if [[ $previous == --address || $previous == --secret ]]; then
                return
        elif [[ $current == -* ]]; then
                offer="$options ${verb:+${own[$verb]}}"
        elif [[ -z $verb ]]; then
                offer='list show hardware xml monitor console log emulators machines machine define create undefine validate argv autostart start shutdown poweroff reboot reset suspend resume managed-save managed-save-remove tune run shutdown-all help'
        else
                case $verb:$argument in
                autostart:1) offer='on off' ;;
                show:0|hardware:0|xml:0|monitor:0|console:0|log:0|undefine:0|autostart:0|start:0|shutdown:0|poweroff:0|reboot:0|reset:0|suspend:0|resume:0|managed-save:0|managed-save-remove:0|tune:0|run:0)
                        __virtbusctl_offer < <(__virtbusctl_domains)
                        __virtbusctl_trim
                        return ;;
                tune:*) compopt -o nospace; offer='cpu-shares= cpu-period-usec= cpu-quota-usec= cpu-global-period-usec= cpu-global-quota-usec= memory-hard-limit= memory-soft-limit= swap-hard-limit= io-weight= allowed-cpus= allowed-memory-nodes=' ;;
                define:0|create:0|validate:0|argv:0)
                        compopt -o filenames
                        mapfile -t COMPREPLY < <(compgen -f -- "$current")
                        __virtbusctl_trim
                        return ;;
                esac
        fi
        mapfile -t COMPREPLY < <(compgen -W "$offer" -- "$current")
}
complete -F _virtbusctl virtbusctl
