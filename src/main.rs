//! The `ruleferry` command: parse, run, render the error, exit code.

mod cli;

fn main() -> std::process::ExitCode {
    cli::main()
}
