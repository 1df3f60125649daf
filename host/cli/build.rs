//! Builds again when what is embedded for `lockstep new` has changed: the macro that embeds folders cannot say so itself.

fn main() {
    let sdks = ["rust/src", "rust/Cargo.toml", "Cargo.lock", "c", "go", "typescript/src", "package-lock.json", "python/lockstep"];
    let sdks = sdks.map(|path| format!("../../guest-sdk/{path}"));
    let embedded = ["templates", "../../wit"].into_iter().map(str::to_owned).chain(sdks);
    for embedded in embedded {
        println!("cargo::rerun-if-changed={embedded}");
    }
}
