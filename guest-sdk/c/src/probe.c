// Probes: what their answers mean. What they ask is made beside the calls of the same kind.
#include "probe.h"
#include "abi.h"

typedef enum { HAPPENED, DID_NOT, JSON, TEXT, OTHERWISE_DID_NOT } meaning;

typedef struct {
    meaning meaning;
    int32_t code;
    const char *pointer, *text;
} says;

struct ls_probe {
    probe_read *read;
    const void *about;
    says *says;
    size_t count;
};

ls_probe *probe_of(probe_read *read, const void *about) {
    ls_probe *probe = ls_alloc(sizeof *probe);
    *probe = (ls_probe){.read = read, .about = about};
    return probe;
}

static void say(ls_probe *probe, says said) {
    probe->says = abi_grown(probe->says, probe->count, sizeof *probe->says);
    probe->says[probe->count++] = said;
}

void ls_probe_happened(ls_probe *probe, int32_t code) { say(probe, (says){.meaning = HAPPENED, .code = code}); }
void ls_probe_did_not(ls_probe *probe, int32_t code) { say(probe, (says){.meaning = DID_NOT, .code = code}); }
void ls_probe_text(ls_probe *probe, const char *text) { say(probe, (says){.meaning = TEXT, .text = text}); }
void ls_probe_otherwise_did_not(ls_probe *probe) { say(probe, (says){.meaning = OTHERWISE_DID_NOT}); }
void ls_probe_json(ls_probe *probe, const char *pointer, const char *value) { say(probe, (says){.meaning = JSON, .pointer = pointer, .text = value}); }

int32_t probe_ready(const ls_probe *probe) {
    int32_t ready = probe->read(probe->about);
    for (size_t at = 0; at < probe->count; at++) {
        const says *said = &probe->says[at];
        switch (said->meaning) {
        case HAPPENED: contract_types_probe_happened(ready, said->code); break;
        case DID_NOT: contract_types_probe_did_not(ready, said->code); break;
        case JSON: contract_types_probe_json(ready, ABI_TEXT(said->pointer), ABI_TEXT(said->text)); break;
        case TEXT: contract_types_probe_text(ready, ABI_TEXT(said->text)); break;
        case OTHERWISE_DID_NOT: contract_types_probe_otherwise_did_not(ready); break;
        }
    }
    return ready;
}
