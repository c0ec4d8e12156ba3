# awk -f scripts/help-topics.awk man/winagg.1: the sections of the man page that `--help TOPIC` prints,
# as C for src/cli/topics.h: plain text, 79 columns. A comment before a section names its topic:
#
#     .\" help: windows
#     .Sh WINDOWS
#
# Knows the mdoc(7) that the page is written in; what it does not know ends the build with the line's
# number. POSIX awk; a test compares the words with what mandoc makes of the same sections.

BEGIN {
    COLUMNS = 79
    TEXT_INDENT = 4
    split("Ar Cm Em Ev Fl Fn Ic Li Nm No Ns Pa Sx Sy Va Xr Op Oo Oc Pq Po Pc Qq Ql Sq Dq", list, " ")
    for (i in list)
        inline[list[i]] = 1
    open_mark["Op"] = "["; close_mark["Op"] = "]"
    open_mark["Pq"] = "("; close_mark["Pq"] = ")"
    open_mark["Qq"] = "\""; close_mark["Qq"] = "\""
    open_mark["Dq"] = "\""; close_mark["Dq"] = "\""
    open_mark["Ql"] = "'"; close_mark["Ql"] = "'"
    open_mark["Sq"] = "'"; close_mark["Sq"] = "'"
    explicit_open["Oo"] = "["; explicit_close["Oc"] = "]"
    explicit_open["Po"] = "("; explicit_close["Pc"] = ")"
}

function fail(text) {
    printf "%s:%d: %s (scripts/help-topics.awk)\n", FILENAME, FNR, text >"/dev/stderr"
    failed = 1
    exit 1
}

# Escapes of roff, undone.
function plain(text,    out, at, c) {
    out = ""
    while ((at = index(text, "\\")) > 0) {
        out = out substr(text, 1, at - 1)
        c = substr(text, at + 1, 1)
        text = substr(text, at + 2)
        if (c == "e")
            out = out "\\"
        else if (c == "-" || c == " ")
            out = out c
        else if (c == "(" && substr(text, 1, 2) == "aq") {
            out = out "'"
            text = substr(text, 3)
        } else if (c != "&")
            fail("an escape that is not known: \\" c)
    }
    return out text
}

function put_line(text) {
    sub(/ +$/, "", text)
    if (text == "" && (n_lines == 0 || lines[n_lines] == ""))
        return
    lines[++n_lines] = text
}

function spaces(n) { return sprintf("%" n "s", "") }

# Ends the paragraph: what was gathered is wrapped, its first line behind `tag`.
function flush(    n, words, i, line, indent) {
    indent = TEXT_INDENT + hang
    line = tag == "" ? "" : spaces(TEXT_INDENT) tag
    if (line != "" && length(line) + 2 > indent && text != "") {
        put_line(line)
        line = ""
    }
    if (length(line) < indent)
        line = line spaces(indent - length(line))
    n = split(text, words, " ")
    for (i = 1; i <= n; i++) {
        if (length(line) > indent && length(line) + 1 + length(words[i]) > COLUMNS) {
            put_line(line)
            line = spaces(indent)
        }
        line = line (length(line) > indent ? " " : "") words[i]
    }
    if (n > 0 || tag != "")
        put_line(line)
    text = tag = ""
    glue = 1
}

function is_closing(word) { return length(word) == 1 && index(".,:;)]?!", word) > 0 }

# A further piece of the paragraph; a blank before it unless something glues it to the last one.
function put(piece) {
    text = text (glue ? "" : " ") piece
    glue = no_space_mode
}

function put_closing(piece) {
    glue = 1
    put(piece)
}

# The words of a macro line into token[1..n]; quotes hold one together.
function tokenize(line,    n, at) {
    n = 0
    while (sub(/^ +/, "", line) || line != "") {
        if (line == "")
            break
        if (substr(line, 1, 1) == "\"") {
            at = index(substr(line, 2), "\"")
            token[++n] = substr(line, 2, at > 0 ? at - 1 : length(line))
            line = at > 0 ? substr(line, at + 2) : ""
        } else {
            at = index(line, " ")
            token[++n] = at > 0 ? substr(line, 1, at - 1) : line
            line = at > 0 ? substr(line, at) : ""
        }
    }
    return n
}

# Is everything from token i on closing punctuation?
function only_closing(i, n) {
    for (; i <= n; i++)
        if (!is_closing(token[i]))
            return 0
    return 1
}

# One argument of a macro.
function put_argument(macro, word,    piece) {
    piece = plain(word)
    if (macro == "Fl")
        piece = "-" piece
    else if (macro == "Fn")
        piece = piece "()"
    put(piece)
}

# The tokens from i on: macros and their arguments.
function put_tokens(i, n,    macro, used, closers, word) {
    macro = ""
    used = 1
    closers = ""
    for (; i <= n; i++) {
        word = token[i]
        if (closers != "" && is_closing(word) && only_closing(i, n)) {
            put_closing(closers)
            closers = ""
        }
        if (word in inline) {
            if (macro == "Fl" && !used)
                put("-")
            macro = word
            used = 0
            if (word in open_mark) {
                put(open_mark[word])
                glue = 1
                closers = close_mark[word] closers
            } else if (word in explicit_open) {
                put(explicit_open[word])
                glue = 1
            } else if (word in explicit_close) {
                put_closing(explicit_close[word])
            } else if (word == "Ns") {
                glue = 1
            } else if (word == "Nm" && (i == n || is_closing(token[i + 1]))) {
                put("winagg")
                used = 1
            }
        } else if (is_closing(word)) {
            if (macro == "Fl" && !used)
                put("-")
            used = 1
            put_closing(word)
        } else if (macro == "Xr") {
            put(plain(word) "(" token[++i] ")")
            macro = ""
        } else {
            put_argument(macro, word)
            used = 1
        }
    }
    if (macro == "Fl" && !used)
        put("-")
    if (closers != "")
        put_closing(closers)
}

function begin_list(n,    i, width) {
    if (in_list)
        fail("a list in a list")
    in_list = 1
    compact = 0
    width = 6
    for (i = 2; i <= n; i++) {
        if (token[i] == "-compact")
            compact = 1
        else if (token[i] == "-width" && token[i + 1] != "Ds")
            width = length(token[i + 1])
    }
    list_hang = width + 2
}

function begin_item(n) {
    flush()
    if (!compact && lines[n_lines] !~ /^[A-Z]/)
        put_line("")
    hang = 0
    put_tokens(2, n)
    tag = text
    text = ""
    glue = 1
    hang = list_hang
}

# A line of its own, as it stands.
function put_display(n) {
    flush()
    if (n_lines > 0 && !was_display)
        put_line("")
    put_tokens(2, n)
    put_line(spaces(TEXT_INDENT + 4) text)
    text = ""
    glue = 1
}

function begin_section(title) {
    flush()
    put_line("")
    put_line(plain(title))
    hang = in_list = 0
}

function end_topic(    i) {
    if (topic == "")
        return
    flush()
    while (n_lines > 0 && lines[n_lines] == "")
        n_lines--
    for (i = 1; i <= n_lines; i++)
        body[topic] = body[topic] (i > 1 || body[topic] == "" ? "" : "\n") lines[i] "\n"
    n_lines = 0
    topic = ""
}

function macro_line(n,    macro) {
    macro = token[1]
    if (macro in inline)
        put_tokens(1, n)
    else if (macro == "Pp") {
        flush()
        put_line("")
    } else if (macro == "Bl")
        begin_list(n)
    else if (macro == "It")
        begin_item(n)
    else if (macro == "El") {
        flush()
        in_list = hang = 0
        put_line("")
    } else if (macro == "Dl")
        put_display(n)
    else if (macro == "Bd") {
        flush()
        put_line("")
        verbatim = 1
    } else if (macro == "Sm") {
        no_space_mode = token[2] == "off"
        glue = 0
    } else
        fail("a macro that is not known: ." macro)
    was_display = macro == "Dl"
}

/^\.\\" help: / {
    end_topic()
    marked = $3
    next
}
/^\.\\"/ { next }
/^\.S[hs] / {
    if (marked == "" && topic != "" && /^\.Sh/)
        end_topic()
    if (marked != "") {
        topic = marked
        if (/^\.Sh/ && !(topic in listed)) { # in the order of the sections
            order[++n_topics] = topic
            listed[topic] = 1
        }
    }
    marked = ""
    if (topic != "")
        begin_section(substr($0, 5))
    next
}
topic == "" { next }
verbatim && /^\.Ed/ { verbatim = 0; put_line(""); next }
verbatim { put_line($0 == "" ? "" : spaces(TEXT_INDENT) plain($0)); next }
/^\./ { macro_line(tokenize(substr($0, 2))); next }
{
    put(plain($0))
    was_display = 0
}

# What gsub() makes of backslashes differs from awk to awk.
function c_string(line,    i, c, out) {
    for (i = 1; i <= length(line); i++) {
        c = substr(line, i, 1)
        out = out (c == "\\" || c == "\"" ? "\\" : "") c
    }
    return "    \"" out "\","
}

END {
    if (failed)
        exit 1
    end_topic()
    if (n_topics == 0)
        fail("no section is marked as a topic of --help")
    print "#include <stddef.h>\n\n#include \"cli/topics.h\"\n"
    for (i = 1; i <= n_topics; i++) {
        print "static const char *const text_" i "[] = {"
        n = split(body[order[i]], line, "\n")
        for (k = 1; k < n; k++)
            print c_string(line[k])
        print "    NULL,\n};\n"
    }
    print "const struct topic topics[] = {"
    for (i = 1; i <= n_topics; i++)
        print "    {\"" order[i] "\", text_" i "},"
    print "    {NULL, NULL},\n};"
}
