//! Builds again when what is embedded for `lockstep new` has changed: the macro that embeds folders cannot say so itself.

fn main() {
    let embedded = [
        "templates",
        "../../guest-sdk/rust/src",
        "../../guest-sdk/rust/Cargo.toml",
        "../../guest-sdk/Cargo.lock",
        "../../guest-sdk/c",
        "../../guest-sdk/go",
        "../../wit",
    ];
    for embedded in embedded {
        println!("cargo::rerun-if-changed={embedded}");
    }
}
