// Rows that came back from a database, copied out of the host.
#include "rows.h"

#include <errno.h>
#include <stdlib.h>

// A value: none for NULL.
struct ls_cell_ {
    bool there;
    abi_text text;
    ls_bytes bytes; // Of kind `bytes` what they are, of others the text.
};

static void read(int32_t handle, size_t row, size_t column, const char *kind, struct ls_cell_ *cell) {
    abi_option found, bytes;
    contract_db_rows_cell(handle, (int32_t)row, (int32_t)column, &found);
    cell->there = found.some;
    if (!found.some) return;
    cell->text = found.as.text;
    if (!strcmp(kind, "bytes")) {
        contract_db_rows_cell_bytes(handle, (int32_t)row, (int32_t)column, &bytes);
        found = bytes;
    }
    cell->bytes = (ls_bytes){(const uint8_t *)found.as.text.data, found.as.text.size};
}

ls_rows rows_of(int32_t handle) {
    struct {
        const struct {
            abi_text label, kind, declared;
        } *items;
        size_t count;
    } columns;
    contract_db_rows_columns(handle, &columns);
    size_t width = columns.count, count = (uint32_t)contract_db_rows_count(handle);
    ls_column *named = ls_alloc((width + 1) * sizeof *named);
    for (size_t at = 0; at < width; at++) {
        named[at] = (ls_column){columns.items[at].label.data, columns.items[at].kind.data, columns.items[at].declared.data};
    }
    struct ls_cell_ *cells = ls_alloc((width * count + 1) * sizeof *cells);
    for (size_t at = 0; at < width * count; at++) read(handle, at / width, at % width, named[at % width].kind, &cells[at]);
    bool truncated = contract_db_rows_truncated(handle);
    contract_db_rows_drop(handle);
    return (ls_rows){named, width, count, truncated, cells};
}

static ls_result find(const ls_rows *rows, size_t row, const char *label, const struct ls_cell_ **cell) {
    if (row >= rows->count) return ls_assertion("there is no row %zu: %zu came back", row, rows->count);
    for (size_t at = 0; at < rows->column_count; at++) {
        if (strcmp(rows->columns[at].label, label)) continue;
        *cell = &rows->cells[row * rows->column_count + at];
        return ls_done();
    }
    return ls_assertion("there is no column `%s`", label);
}

ls_result ls_rows_text(const ls_rows *rows, size_t row, const char *label, const char **text) {
    const struct ls_cell_ *cell;
    LS_TRY(find(rows, row, label, &cell));
    if (cell->there && memchr(cell->text.data, 0, cell->text.size)) return ls_assertion("column `%s`: a text with NUL in it would end there in C", label);
    *text = cell->there ? cell->text.data : NULL;
    return ls_done();
}

ls_result ls_rows_bytes(const ls_rows *rows, size_t row, const char *label, ls_bytes *bytes) {
    const struct ls_cell_ *cell;
    LS_TRY(find(rows, row, label, &cell));
    *bytes = cell->bytes;
    return ls_done();
}

ls_result ls_rows_integer(const ls_rows *rows, size_t row, const char *label, int64_t *number) {
    const char *text;
    LS_TRY(ls_rows_text(rows, row, label, &text));
    if (!text) return ls_assertion("column `%s` is NULL", label);
    char *end;
    errno = 0;
    *number = strtoll(text, &end, 10);
    if (!errno && end != text && !*end) return ls_done();
    return ls_assertion("column `%s` is `%s`, which does not read as a whole number of 64 bits", label, text);
}

ls_result ls_rows_value(const ls_rows *rows, const char **text) {
    if (rows->count != 1) return ls_assertion("%zu rows came back, expected one", rows->count);
    const char *label = rows->column_count ? rows->columns[0].label : "";
    LS_TRY(ls_rows_text(rows, 0, label, text));
    return *text ? ls_done() : ls_assertion("column `%s` is NULL", label);
}
