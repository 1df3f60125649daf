// A procedure without the SDK: contract.h, which the build makes of the contract, and the C library on the host's virtual WASI.
//
// `printf` is a log line here and `time` is the run's clock. Randomness is asked of the contract: the library's own is the same every time.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "contract.h"

#define TEXT(text) (text), strlen(text)

// Where the host puts what it gives. An instance lives for one call, so that nothing is given back.
__attribute__((export_name("cabi_realloc"))) void *cabi_realloc(void *old, size_t old_size, size_t align, size_t size) {
    (void)old, (void)old_size, (void)align;
    return malloc(size ? size : 1);
}

// `result<option<string>, failure>` as far as a success goes: no error, then whether there is a text, then the text.
static struct {
    uint32_t is_err;
    uint32_t some;
    const char *text;
    size_t size;
    uint32_t rest[4];
} given;

void contract_procedure_describe(void) {
    int32_t description = contract_plan_description(TEXT("bare"), TEXT("0.1.0"));
    contract_plan_description_title(description, TEXT("Greet without an SDK"));
    contract_plan_parameter_fallback(contract_plan_parameter(TEXT("who")), TEXT("world"));
}

void *contract_procedure_plan(void) {
    contract_plan_step(TEXT("greet"), TEXT("Greet them"));
    return &given;
}

void *contract_procedure_run_step(const void *step, size_t size) {
    (void)step, (void)size;
    struct {
        uint32_t some;
        const char *text;
        size_t size;
    } who;
    contract_run_parameter(TEXT("who"), &who);
    printf("hello, %.*s\n", (int)who.size, who.text);
    time_t now = time(NULL);
    struct {
        const unsigned char *bytes;
        size_t count;
    } dice;
    contract_random_bytes(8, &dice);
    static char output[64];
    int length = sprintf(output, "{\"year\":%d,\"dice\":\"", gmtime(&now)->tm_year + 1900);
    for (size_t at = 0; at < dice.count; at++) length += sprintf(output + length, "%02x", dice.bytes[at]);
    length += sprintf(output + length, "\"}");
    given.some = 1, given.text = output, given.size = (size_t)length;
    return &given;
}

void *contract_procedure_undo_step(const void *step, size_t size) {
    (void)step, (void)size;
    return &given;
}
