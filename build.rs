//! Tells cargo that the program changes with its migrations, which are compiled into it.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
