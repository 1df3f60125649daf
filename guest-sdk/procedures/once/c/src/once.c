// Two things that must not be done twice, each with a probe that says whether it happened.
#include <lockstep.h>

// The bank keeps a payment under the key that the host sends with it.
static ls_result pay(const ls_ctx *ctx) {
    const char *bank;
    LS_TRY(ls_ctx_parameter(ctx, "bank", &bank));
    const char *payments = ls_format("%s/payments", bank);
    ls_probe *booked = ls_probe_http(ls_format("%s/%s", payments, ls_ctx_idempotency_key(ctx)));
    ls_probe_happened(booked, 200);
    ls_probe_json(booked, "/state", "booked");
    ls_probe_did_not(booked, 404);
    ls_request *payment = ls_http_post(payments);
    ls_http_json(payment, "{\"invoice\":4711}");
    ls_http_probe(payment, booked);
    const ls_response *receipt;
    LS_TRY(ls_http_send(payment, &receipt));
    LS_TRY(ls_expect_json(receipt, "/state", ls_json_text("booked")));
    const char *state;
    LS_TRY(ls_response_json_text(receipt, "/state", &state));
    ls_info("paid: %s", state);
    return ls_done();
}

static ls_result post(const ls_ctx *ctx) {
    const char *mail;
    LS_TRY(ls_ctx_parameter(ctx, "mail", &mail));
    ls_probe *sent = ls_probe_command(mail, LS_LIST("sent"));
    ls_probe_happened(sent, 0);
    ls_probe_did_not(sent, 3);
    ls_command *letter = ls_shell_command(mail, LS_LIST("send"));
    ls_shell_probe(letter, sent);
    const ls_exit *exit;
    LS_TRY(ls_shell_run(letter, &exit));
    return ls_expect_exit_success(exit);
}

LOCKSTEP_PROCEDURE(p) {
    ls_describe(p, "once", "0.1.0", .title = "Pay an invoice and write that it is paid, once each");
    ls_parameter(p, "bank", .title = "Where payments are made");
    ls_parameter(p, "mail", .title = "The program that sends letters");
    ls_step(p, "pay", "The invoice is paid", pay, .irreversible = true);
    ls_step(p, "write", "The supplier has a letter", post, .irreversible = true);
}
