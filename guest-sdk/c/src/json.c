// JSON as far as a procedure needs it: texts and objects of texts written, and values found in what others wrote.
#include "json.h"
#include "abi.h"

#include <stdlib.h>

// How much of a found text a message shows, in characters: enough to recognise a page, too little to fill a terminal.
#define SHOWN 300

// How deep values may lie in one another.
#define DEEPEST 128

// Reading ---------------------------------------------------------------------------------------------------------------------------------------

static const char *past_space(const char *at) {
    while (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r') at++;
    return at;
}

// Behind the text that begins at a quote; NULL when it has no end.
static const char *past_text(const char *at) {
    for (at++; *at; at++) {
        if (*at == '"') return at + 1;
        if (*at == '\\' && !*++at) return NULL;
    }
    return NULL;
}

static const char *past_word(const char *at) {
    const char *from = at;
    while (strchr("+-.", *at) ? *at != 0 : (*at >= '0' && *at <= '9') || (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z')) at++;
    return at == from ? NULL : at;
}

// Behind the value at `at`; NULL when there is none.
static const char *past_value(const char *at, int depth) {
    if (*at == '"') return past_text(at);
    if (*at != '{' && *at != '[') return past_word(at);
    if (depth == DEEPEST) return NULL;
    char close = *at == '{' ? '}' : ']';
    at = past_space(at + 1);
    if (*at == close) return at + 1;
    for (;;) {
        if (close == '}') {
            if (*at != '"' || !(at = past_text(at))) return NULL;
            at = past_space(at);
            if (*at++ != ':') return NULL;
            at = past_space(at);
        }
        if (!(at = past_value(at, depth + 1))) return NULL;
        at = past_space(at);
        if (*at == close) return at + 1;
        if (*at++ != ',') return NULL;
        at = past_space(at);
    }
}

static uint32_t hexadecimal(const char *digits) {
    char four[5] = {0};
    strncpy(four, digits, 4);
    return (uint32_t)strtoul(four, NULL, 16);
}

static char *put_utf8(char *to, uint32_t code) {
    if (code < 0x80) {
        *to++ = (char)code;
    } else if (code < 0x800) {
        *to++ = (char)(0xC0 | code >> 6);
        *to++ = (char)(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        *to++ = (char)(0xE0 | code >> 12);
        *to++ = (char)(0x80 | (code >> 6 & 0x3F));
        *to++ = (char)(0x80 | (code & 0x3F));
    } else {
        *to++ = (char)(0xF0 | code >> 18);
        *to++ = (char)(0x80 | (code >> 12 & 0x3F));
        *to++ = (char)(0x80 | (code >> 6 & 0x3F));
        *to++ = (char)(0x80 | (code & 0x3F));
    }
    return to;
}

// The text that stands between quotes at `at`, which has an end. It may have NULs in it: `size`, when it is asked for, counts them.
static const char *unescaped(const char *at, size_t *size) {
    const char *end = past_text(at) - 1;
    char *text = ls_alloc((size_t)(end - at) + 1), *to = text;
    for (at++; at < end; at++) {
        if (*at != '\\') {
            *to++ = *at;
            continue;
        }
        static const char escapes[] = "b\bf\fn\nr\rt\t";
        const char *plain = strchr("bfnrt", *++at) ? strchr(escapes, *at) : NULL;
        if (plain) {
            *to++ = plain[1];
        } else if (*at == 'u' && end - at > 4) {
            uint32_t code = hexadecimal(at + 1);
            at += 4;
            if (code >> 10 == 0x36 && end - at > 6 && at[1] == '\\' && at[2] == 'u') {
                code = 0x10000 + ((code & 0x3FF) << 10) + (hexadecimal(at + 3) & 0x3FF);
                at += 6;
            }
            to = put_utf8(to, code);
        } else {
            *to++ = *at;
        }
    }
    if (size) *size = (size_t)(to - text);
    return text;
}

// The value without white space between its parts.
static const char *compact(const char *from, const char *end) {
    char *text = ls_alloc((size_t)(end - from) + 1), *to = text;
    while (from < end) {
        if (*from == '"') {
            const char *past = past_text(from);
            memcpy(to, from, (size_t)(past - from));
            to += past - from;
            from = past;
        } else if (past_space(from) != from) {
            from = past_space(from);
        } else {
            *to++ = *from++;
        }
    }
    return text;
}

// One part of a pointer, with `~1` and `~0` undone; moves on to the next.
static const char *part(const char **pointer) {
    const char *from = *pointer + 1, *end = strchr(from, '/');
    if (!end) end = from + strlen(from);
    char *text = ls_alloc((size_t)(end - from) + 1), *to = text;
    for (; from < end; from++) {
        bool escaped = *from == '~' && (from[1] == '0' || from[1] == '1');
        *to++ = !escaped ? *from : *++from == '1' ? '/' : '~';
    }
    *pointer = end;
    return text;
}

// The member of an object or an array; NULL when it has none of that name. The JSON is valid.
static const char *member(const char *at, const char *name) {
    char open = *at;
    if (open != '{' && open != '[') return NULL;
    at = past_space(at + 1);
    for (size_t index = 0; *at != '}' && *at != ']'; index++) {
        const char *key = open == '{' ? unescaped(at, NULL) : ls_format("%zu", index);
        if (open == '{') at = past_space(past_space(past_text(at)) + 1);
        if (!strcmp(key, name)) return at;
        at = past_space(past_value(at, 0));
        if (*at == ',') at = past_space(at + 1);
    }
    return NULL;
}

static ls_result find(const char *origin, const char *json, const char *pointer, const char **found) {
    const char *whole = past_space(json), *rest = pointer;
    if (*pointer && *pointer != '/') {
        return ls_fail("%s is not a JSON pointer: it must begin with `/`, as in \"/items/0/name\"", ls_json_text(pointer));
    }
    const char *end = past_value(whole, 0);
    if (!end || *past_space(end)) return ls_assertion("%s: expected JSON, found %s", origin, json_shown(json));
    for (*found = whole; *rest && *found;) *found = member(*found, part(&rest));
    if (*found) return ls_done();
    return ls_assertion("%s: expected something at %s, found none in %s", origin, pointer, json_shown(json));
}

ls_result ls_json_at(const char *origin, const char *json, const char *pointer, const char **found) {
    LS_TRY(find(origin, json, pointer, found));
    *found = compact(*found, past_value(*found, 0));
    return ls_done();
}

ls_result ls_json_text_at(const char *origin, const char *json, const char *pointer, const char **text) {
    const char *found;
    LS_TRY(ls_json_at(origin, json, pointer, &found));
    if (*found != '"') return ls_assertion("%s: %s is %s: expected a text", origin, pointer, json_shown(found));
    size_t size;
    *text = unescaped(found, &size);
    if (strlen(*text) != size) return ls_assertion("%s: %s is %s: a text with NUL in it would end there in C", origin, pointer, json_shown(found));
    return ls_done();
}

ls_result ls_json_expect(const char *origin, const char *json, const char *pointer, const char *expected) {
    const char *found;
    LS_TRY(ls_json_at(origin, json, pointer, &found));
    if (*found == '"' && *expected == '"') {
        size_t size, wanted;
        const char *text = unescaped(found, &size), *same = unescaped(expected, &wanted);
        if (size == wanted && !memcmp(text, same, size)) return ls_done();
    } else if (!strcmp(found, expected)) {
        return ls_done();
    }
    return ls_assertion("%s: expected %s to be %s, found %s", origin, pointer, expected, json_shown(found));
}

static int by_bytes(const void *left, const void *right) { return strcmp(*(const char *const *)left, *(const char *const *)right); }

ls_result ls_json_keys(const char *origin, const char *json, const char *pointer, ls_list *keys) {
    const char *at;
    LS_TRY(ls_json_at(origin, json, pointer, &at));
    if (*at != '{') return ls_assertion("%s: %s is %s: expected an object", origin, pointer, json_shown(at));
    const char **items = NULL;
    size_t count = 0;
    for (at++; *at == '"'; at += *at == ',') {
        items = abi_grown(items, count, sizeof *items);
        items[count++] = unescaped(at, NULL);
        at = past_value(past_text(at) + 1, 0);
    }
    if (count) qsort(items, count, sizeof *items, by_bytes);
    *keys = (ls_list){items, count};
    return ls_done();
}

// Writing ---------------------------------------------------------------------------------------------------------------------------------------

const char *ls_json_text(const char *text) {
    static const char digits[] = "0123456789abcdef";
    // One byte becomes six at most.
    char *json = ls_alloc(6 * strlen(text) + 3), *to = json;
    *to++ = '"';
    for (; *text; text++) {
        static const char named[] = "\bb\ff\nn\rr\tt\"\"\\\\";
        const char *name = NULL;
        for (const char *pair = named; *pair && !name; pair += 2) name = *pair == *text ? pair + 1 : NULL;
        if (name) {
            *to++ = '\\';
            *to++ = *name;
        } else if ((unsigned char)*text < 0x20) {
            memcpy(to, "\\u00", 4);
            to[4] = digits[*text >> 4];
            to[5] = digits[*text & 15];
            to += 6;
        } else {
            *to++ = *text;
        }
    }
    *to++ = '"';
    return json;
}

const char *ls_json_object(const char *key, ...) {
    const char *json = "{";
    va_list values;
    va_start(values, key);
    for (bool first = true; key; key = va_arg(values, const char *), first = false) {
        const char *value = va_arg(values, const char *);
        json = ls_format("%s%s%s:%s", json, first ? "" : ",", ls_json_text(key), ls_json_text(value));
    }
    va_end(values);
    return ls_format("%s}", json);
}

const char *json_shown(const char *text) {
    text = ls_trim(text);
    if (!*text) return "nothing";
    size_t characters = 0, at = 0;
    for (; text[at]; at++) {
        bool begins = ((unsigned char)text[at] & 0xC0) != 0x80;
        if (begins && characters++ == SHOWN) return ls_format("%.*s… (%zu bytes in all)", (int)at, text, strlen(text));
    }
    return text;
}
