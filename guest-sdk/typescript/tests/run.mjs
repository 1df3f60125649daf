// Runs the SDK's own tests in Node: `npm test`. What a component imports comes from `host.ts` here, in the place of the host.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const made = mkdtempSync(join(tmpdir(), "lockstep-sdk-"));

/** `lockstep:contract/http@0.1.0` is what `host.ts` calls `http`. */
const host = {
    name: "host",
    setup(builder) {
        builder.onResolve({ filter: /^lockstep:contract\// }, ({ path }) => ({ path: /\/([a-z]+)@/.exec(path)[1], namespace: "host" }));
        builder.onLoad({ filter: /.*/, namespace: "host" }, ({ path }) => ({ contents: `export { ${path} as default } from "./host.ts";`, resolveDir: here }));
    },
};

function run(program, args) {
    return spawnSync(program, args, { stdio: "inherit" }).status ?? 1;
}

let status;
try {
    status = run(process.execPath, [join(here, "../../node_modules/typescript/bin/tsc"), "--project", join(here, "tsconfig.json")]);
    const tests = readdirSync(here).filter((name) => name.endsWith(".test.ts"));
    await build({
        entryPoints: tests.map((name) => join(here, name)),
        bundle: true,
        format: "esm",
        platform: "node",
        outExtension: { ".js": ".mjs" },
        outdir: made,
        plugins: [host],
        logLevel: "warning",
    });
    status ||= run(process.execPath, ["--test", "--test-reporter=spec", ...readdirSync(made).map((name) => join(made, name))]);
} finally {
    rmSync(made, { recursive: true });
}
process.exit(status);
