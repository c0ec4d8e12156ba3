# shellcheck shell=bash
# bash completion for winagg. The program says itself what may stand at the cursor: winagg --complete
# (src/cli/complete.h). Here its answer is fitted to what bash replaces: the word behind the last
# break (= and : among them) that no quote or backslash holds together.

# The words of a line without their quotes into _winagg_words. Of the last one: where it starts in the
# line, where what bash replaces of it starts, the number of its bytes before that, and its open quote.
_winagg_split() {
    local line=$1 word='' quote='' in_word='' c i
    local breaks=${COMP_WORDBREAKS//[\"\'\\]/}
    _winagg_words=() _winagg_kept=0 _winagg_quote=''
    for ((i = 0; i < ${#line}; i++)); do
        c=${line:i:1}
        if [[ $quote == "'" || $quote == '"' && $c != \\ ]]; then
            if [[ $c == "$quote" ]]; then quote=''; else word+=$c; fi
        elif [[ $c == \\ ]]; then
            i=$((i + 1))
            [[ $quote == '"' && ${line:i:1} != [\"\\\$\`] ]] && word+=\\
            word+=${line:i:1} in_word=1
        elif [[ $c == [\"\'] ]]; then
            quote=$c in_word=1 _winagg_kept=${#word}
        elif [[ $c == [[:blank:]] ]]; then
            [[ -n $in_word ]] && _winagg_words+=("$word")
            word='' in_word='' _winagg_kept=0
        else
            word+=$c in_word=1
            [[ $breaks == *"$c"* ]] && _winagg_kept=${#word}
        fi
    done
    _winagg_words+=("$word")
    _winagg_quote=$quote
}

# Quotes a word as it must stand behind what is typed already; false: it can't.
_winagg_quoted() {
    case $_winagg_quote in
        "'") [[ $1 != *\'* ]] && REPLY=$1 ;;
        '"') REPLY=${1//\\/\\\\} REPLY=${REPLY//\"/\\\"} REPLY=${REPLY//\$/\\\$} REPLY=${REPLY//\`/\\\`} ;;
        # Without a backslash before a comma, which %q adds and nobody needs.
        *) printf -v REPLY %q "$1" && REPLY=${REPLY//\\,/,} ;;
    esac
}

_winagg() {
    local _winagg_words _winagg_kept _winagg_quote program line cursor REPLY
    local -a answer behind
    COMPREPLY=()
    _winagg_split "x${COMP_LINE:COMP_POINT}"
    behind=("${_winagg_words[@]:1}")
    _winagg_split "${COMP_LINE:0:COMP_POINT}"
    cursor=$((${#_winagg_words[@]} - 1))
    ((cursor > 0)) || return
    program=${_winagg_words[0]/#~\//$HOME/}
    type -P "$program" >/dev/null || return
    mapfile -t answer < <("$program" --complete "$cursor" "${_winagg_words[@]:1}" "${behind[@]}" 2>/dev/null </dev/null)
    for line in "${answer[@]}"; do
        if [[ $line == $'\t'* ]]; then
            compopt -o filenames
            _winagg_kept=$((${line#?} > _winagg_kept ? ${line#?} : _winagg_kept))
            mapfile -t COMPREPLY < <(compgen -f -- "${_winagg_words[cursor]:_winagg_kept}")
            return
        fi
        line=${line%%$'\t'*}
        [[ $line == *[=:[/] ]] && compopt -o nospace
        _winagg_quoted "${line:_winagg_kept}" && COMPREPLY+=("$REPLY")
    done
}

complete -F _winagg winagg
