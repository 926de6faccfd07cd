# SPDX-License-Identifier: LGPL-2.1-or-later
# bash completion for virtbusctl

# Names of domains, of the service that the command line is about.
__virtbusctl_domains() {
        virtbusctl "${scope[@]}" list --json 2>/dev/null |
                sed -n 's/^.*"Name": *"\([^"\\]*\)".*$/\1/p'
}

_virtbusctl() {
        local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}
        local verb='' argument=0 word i scope=() words=''
        local options='--system --user --address --help --version'
        local -A own=(
                [list]='--json'
                [show]='--json'
                [hardware]='--json'
                [xml]='--inactive'
                [monitor]='--json'
                [emulators]='--json'
                [machines]='--json'
                [machine]='--json'
                [create]='--paused --secret'
                [validate]='--schema'
                [argv]='--null'
                [start]='--paused --no-wait --reset-nvram --secret'
                [tune]='--live --config'
                [run]='--unit'
        )

        for ((i = 1; i < COMP_CWORD; i++)); do
                word=${COMP_WORDS[i]}
                case $word in
                --system|--user) scope=("$word") ;;
                --secret) ((i++)) ;;
                --address) scope=(--address "${COMP_WORDS[i+1]}"); ((i++)) ;;
                -*|=) ;;
                *) if [[ -z $verb ]]; then verb=$word; else ((argument++)); fi ;;
                esac
        done
        if [[ $previous == --address || $previous == --secret ]]; then
                return
        elif [[ $current == -* ]]; then
                words="$options ${own[$verb]}"
        elif [[ -z $verb ]]; then
                words='list show hardware xml monitor console emulators machines machine define create undefine validate argv autostart start shutdown poweroff reboot reset suspend resume tune run shutdown-all help'
        else
                case $verb:$argument in
                autostart:1) words='on off' ;;
                show:0|hardware:0|xml:0|monitor:0|console:0|undefine:0|autostart:0|start:0|shutdown:0|poweroff:0|reboot:0|reset:0|suspend:0|resume:0|tune:0|run:0)
                        local IFS=$'\n'
                        mapfile -t COMPREPLY < <(compgen -W "$(__virtbusctl_domains)" -- "$current")
                        return ;;
                tune:*) words='cpu-shares= cpu-period-usec= cpu-quota-usec= cpu-global-period-usec= cpu-global-quota-usec= memory-hard-limit= memory-soft-limit= swap-hard-limit= io-weight= allowed-cpus= allowed-memory-nodes=' ;;
                define:0|create:0|validate:0|argv:0)
                        mapfile -t COMPREPLY < <(compgen -f -- "$current")
                        return ;;
                esac
        fi
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -o filenames -F _virtbusctl virtbusctl
