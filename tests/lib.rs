//! The tests of the whole live in `main.rs` and the modules beside it.
