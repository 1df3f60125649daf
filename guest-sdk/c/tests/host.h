// A host for the tests of the SDK: it writes down what it is told and answers what it was given to answer.
#pragma once

#include "abi.h"

#include <stdio.h>

extern const char *host_said;      // What it was told since `host_begin`, a line each.
extern const char *host_parameter; // The value of every parameter; NULL when there is none.
extern const char *host_output;    // The output of every step; NULL when there is none.
extern const char *host_body;      // The body of every response, and what every program writes.
extern const char *host_size;      // The size of every artifact, as the host says it.
extern ls_bytes host_content;      // What is in every file and artifact.
extern const char *host_free;      // The bytes free on every disk.
extern int32_t host_status;        // The status of every response, and every program's exit code.
extern abi_failure *host_failure;  // Why calls fail; NULL when they do not.
extern const char *const *host_prints; // What programs write, one after the other; NULL when it is `host_body`.
extern int32_t host_well;          // The exit code that means success.
extern int32_t host_kept;          // What the body of every response has become; 0 for nothing.

// What every database has seen: version, title, checksum and state of each.
#define HOST_SEEN 9 // The handle of its rows.
extern const char *host_seen[4][4];
extern int32_t host_seen_count;

void host_begin(void); // Forgets everything, and answers nothing.
void far_tests(void);   // The tests of `far.c`,
void moved_tests(void); // of `moved.c`,
void tool_tests(void);  // and of `migrate.c`.

// For the parts of the host.
__attribute__((format(printf, 1, 2))) void say(const char *format, ...); // Writes down a line.
const char *told(const void *text, size_t size);                         // A text that a call was given.
const char *listed(const void *items, size_t count);                     // Texts.
void give(void *into, const char *text);                                 // Answers with a text,
void maybe(void *into, const char *text);                                // with one or none,
bool well(abi_result *result);                                           // with whether the call goes well; else its failure is there.

#define TEXT(function, word)                                                                                                                          \
    void function(int32_t handle, const void *text, size_t size) {                                                                                    \
        (void)handle;                                                                                                                                 \
        say(word " %s", told(text, size));                                                                                                            \
    }
#define LIST(function, word)                                                                                                                          \
    void function(int32_t handle, const void *items, size_t count) {                                                                                  \
        (void)handle;                                                                                                                                 \
        say(word " %s", listed(items, count));                                                                                                        \
    }
#define NUMBER(function, word)                                                                                                                        \
    void function(int32_t handle, int32_t number) {                                                                                                   \
        (void)handle;                                                                                                                                 \
        say(word " %u", (uint32_t)number);                                                                                                            \
    }
#define WORD(function, word)                                                                                                                          \
    void function(int32_t handle) {                                                                                                                   \
        (void)handle;                                                                                                                                 \
        say(word);                                                                                                                                    \
    }
#define TWO(function, word)                                                                                                                           \
    int32_t function(const void *a, size_t a_size, const void *b, size_t b_size) {                                                                    \
        say(word " %s, %s", told(a, a_size), told(b, b_size));                                                                                        \
        return 1;                                                                                                                                     \
    }

extern int tests_failed;
// Goes on after a failure: one run shows all of them.
#define SAME(found, wanted)                                                                                                                           \
    do {                                                                                                                                              \
        const char *found_ = (found), *wanted_ = (wanted);                                                                                            \
        if (strcmp(found_, wanted_)) {                                                                                                                \
            printf("%s:%d: expected\n%s\nfound\n%s\n", __FILE__, __LINE__, wanted_, found_);                                                          \
            tests_failed++;                                                                                                                           \
        }                                                                                                                                             \
    } while (0)
#define HOLDS(condition)                                                                                                                              \
    do {                                                                                                                                              \
        if (!(condition)) {                                                                                                                           \
            printf("%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);                                                                     \
            tests_failed++;                                                                                                                           \
        }                                                                                                                                             \
    } while (0)
