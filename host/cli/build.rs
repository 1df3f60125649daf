//! Builds again when what is embedded for `lockstep new` has changed: the macro that embeds folders cannot say so itself.

fn main() {
    for embedded in ["templates", "../../guest-sdk/rust/src", "../../guest-sdk/rust/Cargo.toml", "../../guest-sdk/Cargo.lock", "../../wit"] {
        println!("cargo::rerun-if-changed={embedded}");
    }
}
