// UTF-8 to text and back: the engine has neither TextEncoder nor TextDecoder.

/** How many code units one call of `fromCharCode` is given. */
const AT_ONCE = 8_192;

/** The bytes of a text. Half a surrogate pair becomes U+FFFD, as in TextEncoder. */
export function encode(text: string): Uint8Array {
    const bytes = new Uint8Array(text.length * 3);
    let end = 0;
    for (const character of text.toWellFormed()) {
        const point = character.codePointAt(0) ?? 0;
        if (point < 0x80) {
            bytes[end++] = point;
            continue;
        }
        const more = point < 0x800 ? 1 : point < 0x1_0000 ? 2 : 3;
        bytes[end++] = ([0xc0, 0xe0, 0xf0][more - 1] ?? 0) | (point >> (6 * more));
        for (let left = more - 1; left >= 0; left--) {
            bytes[end++] = 0x80 | ((point >> (6 * left)) & 0x3f);
        }
    }
    return bytes.slice(0, end);
}

/** The text of bytes. Where they are not UTF-8 `invalid` says what stands there, or throws. */
export function decode(bytes: Uint8Array, invalid: (position: number) => string): string {
    let text = "";
    let units: number[] = [];
    for (let at = 0; at < bytes.length; ) {
        const [point, size] = sequence(bytes, at);
        at += size;
        if (point === undefined) {
            text += String.fromCharCode(...units) + invalid(at - size);
            units = [];
        } else if (point < 0x1_0000) {
            units.push(point);
        } else {
            units.push(0xd800 + ((point - 0x1_0000) >> 10), 0xdc00 + ((point - 0x1_0000) & 0x3ff));
        }
        if (units.length > AT_ONCE) {
            text += String.fromCharCode(...units);
            units = [];
        }
    }
    return text + String.fromCharCode(...units);
}

/** How many bytes a text has in UTF-8. */
export function byteLength(text: string): number {
    let length = 0;
    for (const character of text) {
        const point = character.codePointAt(0) ?? 0;
        length += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x1_0000 ? 3 : 4;
    }
    return length;
}

/** The character that begins at a position, and how many bytes it or the longest beginning of one takes. */
function sequence(bytes: Uint8Array, at: number): [number | undefined, number] {
    const first = bytes[at] ?? 0;
    if (first < 0x80) {
        return [first, 1];
    }
    const more = first >= 0xf0 && first <= 0xf4 ? 3 : first >= 0xe0 && first < 0xf0 ? 2 : first >= 0xc2 && first < 0xe0 ? 1 : 0;
    let point = first & (0x3f >> more);
    for (let n = 1; n <= more; n++) {
        const next = bytes[at + n];
        // The second byte rules out long forms, surrogates and what is beyond Unicode.
        const least = n > 1 ? 0x80 : first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
        const most = n > 1 ? 0xbf : first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
        if (next === undefined || next < least || next > most) {
            return [undefined, n];
        }
        point = (point << 6) | (next & 0x3f);
    }
    return more === 0 ? [undefined, 1] : [point, more + 1];
}
