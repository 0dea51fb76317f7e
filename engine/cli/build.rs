//! Links the program to a fixed address.
//!
//! A program that may lie anywhere begins with adding its address to 300,000 places, in 1,300 pages that the kernel copies for it; where
//! the file had left the memory, that took 60 to 200 ms, and the program starts a second time to set its allocator.

use std::env;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    if is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu") {
        println!("cargo:rustc-link-arg-bins=-no-pie");
    }
}
