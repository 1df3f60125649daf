//! Tests of the whole: the house's rules, the contract, the documents, and the real binary.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "tests stop at the first surprise, and start the program under test"
)]

mod architecture;
mod compose;
mod conformance;
mod contract;
mod documents;
mod kills;
mod kube;
mod place;
mod reference;
mod yard;

mod cli {
    //! The real binary, one module a verb or a subject.

    mod artifacts;
    mod audit;
    mod bad_input;
    mod cache;
    mod confined;
    mod databases;
    mod doubt;
    mod environment;
    mod follow;
    mod grants;
    mod leaks;
    mod life;
    mod looks;
    mod projects;
    mod rehearsals;
    mod replay;
    mod secrets;
    mod standing;
    mod store;
}
