# fish completion for winagg. The program says itself what may stand at the cursor: winagg --complete
# (src/cli/complete.h).

function __winagg_complete
    set -l before (commandline -opc)
    set -l word (commandline -ct)
    set -l cursor (count $before)
    set -l behind (commandline -op)
    set -e behind[1..$cursor]
    test -n "$word"; and set -e behind[1] # the word itself
    set -l typed (string unescape -- "$word"; or string replace -r '^[\'"]' '' -- "$word")
    set -l program (string replace -r '^~/' "$HOME/" -- $before[1])
    command -q $program; or return
    for line in ($program --complete $cursor $before[2..-1] "$typed" $behind 2>/dev/null </dev/null)
        if string match -qr '^\t' -- $line # a file, behind so much of the word
            set -l kept (string sub -s 2 -- $line)
            set -l front (string sub -l $kept -- "$typed")
            for path in (__fish_complete_path (string sub -s (math $kept + 1) -- "$typed"))
                echo -- "$front$path"
            end
        else
            echo -- $line
        end
    end
end

complete -c winagg -f -a '(__winagg_complete)'
