//! Tests of the whole: the house's rules, the contract, the documents, and the real binary.

mod architecture;
mod contract;
mod documents;
mod place;

mod cli {
    //! The real binary, one module a verb or a subject.

    mod audit;
    mod bad_input;
    mod life;
    mod looks;
    mod projects;
    mod secrets;
}
