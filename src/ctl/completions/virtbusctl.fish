# SPDX-License-Identifier: LGPL-2.1-or-later
# fish completion for virtbusctl

# The verb and its arguments, as far as they stand before the cursor.
function __virtbusctl_words
    set -l value no
    for word in (commandline -opc)[2..-1]
        if test $value = yes
            set value no
        else if contains -- $word --address --secret
            set value yes
        else if not string match -q -- '-*' $word
            string escape -- $word
        end
    end
end

function __virtbusctl_scope
    set -l value no
    for word in (commandline -opc)[2..-1]
        if test $value = yes
            printf '%s\n' --address=$word
            set value no
        else if test $word = --address
            set value yes
        else if string match -qr -- '^--(?:system|user|address=.*)$' $word
            printf '%s\n' $word
        end
    end
end

# Names are whatever their owners chose: fish takes the lines as they are, and quotes them for the command line.
function __virtbusctl_domains
    virtbusctl (__virtbusctl_scope) list --json 2>/dev/null | string replace -rf '^.*"Name": *"([^"\\\\]*)".*$' '$1'
end

function __virtbusctl_needs_verb
    test (count (__virtbusctl_words)) = 0
end

function __virtbusctl_verb_is
    contains -- (__virtbusctl_words)[1] $argv
end

# Of one of these verbs the first argument.
function __virtbusctl_argument_of
    __virtbusctl_verb_is $argv; and test (count (__virtbusctl_words)) = 1
end

complete -c virtbusctl -f
complete -c virtbusctl -n __virtbusctl_needs_verb -a list -d 'List all domains'
complete -c virtbusctl -n __virtbusctl_needs_verb -a show -d 'Show a domain and its state'
complete -c virtbusctl -n __virtbusctl_needs_verb -a hardware -d 'Show a domain\'s controllers and what is plugged into them'
complete -c virtbusctl -n __virtbusctl_needs_verb -a xml -d 'Print a domain\'s complete definition'
complete -c virtbusctl -n __virtbusctl_needs_verb -a monitor -d 'Print what happens, to all domains or one, until interrupted'
complete -c virtbusctl -n __virtbusctl_needs_verb -a console -d 'Connect to a serial port or console; Ctrl+] leaves'
complete -c virtbusctl -n __virtbusctl_needs_verb -a log -d 'Print what a domain\'s emulator has said, of the guest that runs or the last one'
complete -c virtbusctl -n __virtbusctl_needs_verb -a emulators -d 'List the emulators, and what is known of each'
complete -c virtbusctl -n __virtbusctl_needs_verb -a machines -d 'List the machine types of an architecture, the host\'s if none is named'
complete -c virtbusctl -n __virtbusctl_needs_verb -a machine -d 'Show what a machine type is made of: buses, devices, free slots'
complete -c virtbusctl -n __virtbusctl_needs_verb -a define -d 'Define a domain, or define it anew; prints its object path'
complete -c virtbusctl -n __virtbusctl_needs_verb -a create -d 'Start a domain that is gone when it ends; prints its object path'
complete -c virtbusctl -n __virtbusctl_needs_verb -a undefine -d 'Forget a domain\'s definition and what its firmware and TPM remember; its disks are left alone'
complete -c virtbusctl -n __virtbusctl_needs_verb -a validate -d 'Check a definition and print it as it would be defined'
complete -c virtbusctl -n __virtbusctl_needs_verb -a argv -d 'Print the emulator\'s command line, one argument a line'
complete -c virtbusctl -n __virtbusctl_needs_verb -a autostart -d 'Start a domain with the host (on, if nothing is said), or do not'
complete -c virtbusctl -n __virtbusctl_needs_verb -a start -d 'Start a domain, and wait until it runs'
complete -c virtbusctl -n __virtbusctl_needs_verb -a shutdown -d 'Press a domain\'s power button'
complete -c virtbusctl -n __virtbusctl_needs_verb -a poweroff -d 'Pull a domain\'s plug'
complete -c virtbusctl -n __virtbusctl_needs_verb -a reboot -d 'Press a domain\'s power button, and start it again when it is off'
complete -c virtbusctl -n __virtbusctl_needs_verb -a reset -d 'Press a domain\'s reset button'
complete -c virtbusctl -n __virtbusctl_needs_verb -a suspend -d 'Stop a domain\'s processors'
complete -c virtbusctl -n __virtbusctl_needs_verb -a resume -d 'Let a domain\'s processors go on'
complete -c virtbusctl -n __virtbusctl_needs_verb -a managed-save -d 'Keep a domain\'s memory on disk and end it; its next start goes on from there'
complete -c virtbusctl -n __virtbusctl_needs_verb -a managed-save-remove -d 'Give up what managed-save has kept'
complete -c virtbusctl -n __virtbusctl_needs_verb -a tune -d 'Change what a domain gets of its host: cpu-shares, memory-hard-limit...'
complete -c virtbusctl -n __virtbusctl_needs_verb -a run -d 'Start a domain if it is off, and stay while it runs; SIGTERM shuts it down, or saves it'
complete -c virtbusctl -n __virtbusctl_needs_verb -a shutdown-all -d 'Shut all domains down, or save them, and wait until they are off'
complete -c virtbusctl -n __virtbusctl_needs_verb -a help -d 'Show this text'

complete -c virtbusctl -l system -d 'Talk to the service on the system bus (the default)'
complete -c virtbusctl -l user -d 'Talk to the service on the session bus'
complete -c virtbusctl -l address -x -d 'Talk to the service on the bus at this D-Bus address'
complete -c virtbusctl -l no-ask-password -d 'Ask nobody for a password: what needs one fails'
complete -c virtbusctl -n '__virtbusctl_verb_is list show hardware monitor emulators machines machine' -l json -d 'list, show, hardware, monitor, emulators, machines, machine: print JSON'
complete -c virtbusctl -n '__virtbusctl_verb_is argv' -l null -d 'argv: end arguments with NUL instead of newline'
complete -c virtbusctl -n '__virtbusctl_verb_is create start' -l paused -d 'start, create: stop before the first instruction'
complete -c virtbusctl -n '__virtbusctl_verb_is start' -l no-wait -d 'start: do not wait until the domain runs'
complete -c virtbusctl -n '__virtbusctl_verb_is start' -l reset-nvram -d 'start: make the firmware\'s variables anew'
complete -c virtbusctl -n '__virtbusctl_verb_is undefine start' -l discard-save -d 'start, undefine: give up what managed-save has kept'
complete -c virtbusctl -n '__virtbusctl_verb_is start create' -l secret -x -d 'start, create: a secret that the definition names; - is stdin, prompt asks'
complete -c virtbusctl -n '__virtbusctl_verb_is xml' -l inactive -d 'xml: what the next start uses, not what runs'
complete -c virtbusctl -n '__virtbusctl_verb_is tune' -l live -d 'tune: the guest that runs; with --config both'
complete -c virtbusctl -n '__virtbusctl_verb_is tune' -l config -d 'tune: what the next start uses'
complete -c virtbusctl -n '__virtbusctl_verb_is log' -s f -l follow -d 'log: go on with what is said from now on; also -f'
complete -c virtbusctl -n '__virtbusctl_verb_is validate' -l schema -d 'validate: only hold it against the schema; no service is asked'
complete -c virtbusctl -n '__virtbusctl_verb_is run' -l unit -d 'run: NAME is escaped, as systemd-escape does'
complete -c virtbusctl -l help -d 'Show this text'
complete -c virtbusctl -l version -d 'Show the version'

complete -c virtbusctl -n '__virtbusctl_argument_of show hardware xml monitor console log undefine autostart start shutdown poweroff reboot reset suspend resume managed-save managed-save-remove tune run' -a '(__virtbusctl_domains)'
complete -c virtbusctl -n '__virtbusctl_verb_is autostart' -a 'on off'
complete -c virtbusctl -n '__virtbusctl_verb_is tune' -a 'cpu-shares= cpu-period-usec= cpu-quota-usec= cpu-global-period-usec= cpu-global-quota-usec= memory-hard-limit= memory-soft-limit= swap-hard-limit= io-weight= allowed-cpus= allowed-memory-nodes='
complete -c virtbusctl -n '__virtbusctl_argument_of define create validate argv' -F
