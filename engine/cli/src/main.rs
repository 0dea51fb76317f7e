//! The `nightshift` command: the edge at which results become text and faults become exit codes.
//!
//! Data goes to standard output, everything else to standard error. Exit codes: 0 ok, 1 user or data, 2 internal, 3 external or
//! worth a retry. Start reading at [`arguments`], then [`commands`].

mod allocator;
mod arguments;
mod bars;
mod columns;
mod commands;
mod printer;
mod table;
mod tree;

use std::process::ExitCode;

use clap::Parser;
use nightshift_app::Error;
use nightshift_diagnostic::{Fault, Faulty};

use arguments::Arguments;
use printer::Printer;

/// How long a thread that waited for files is kept for the next one.
const IDLE: std::time::Duration = std::time::Duration::from_millis(50);

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse().and_then(Arguments::checked) {
        Ok(arguments) => arguments,
        // Also what was asked for, such as the help, comes as an error.
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { code(Fault::User) } else { ExitCode::SUCCESS };
        }
    };
    if arguments.is_heavy() {
        allocator::keep_pages(|| arguments.memory());
    }
    let filter = tracing_subscriber::EnvFilter::try_from_env("NIGHTSHIFT_LOG").unwrap_or_else(|_| "error".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let printer = Printer::new(arguments.format);
    // Memory that a thread allocated and others freed comes back when it works on or ends: one that read a file should not idle for long.
    let runtime = match tokio::runtime::Builder::new_multi_thread().thread_keep_alive(IDLE).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            printer.error(&format!("the program could not be started: {error}"));
            return code(Fault::External);
        }
    };
    let ended = runtime.block_on(commands::run(&arguments, &printer));
    if let Some(error) = printer.cut() {
        printer.error(&format!("the result could not be written to standard output as a whole: {error}"));
        return code(Fault::External);
    }
    match ended {
        Ok(None) => ExitCode::SUCCESS,
        Ok(Some(fault)) => code(fault),
        Err(error) => {
            report(&printer, &error);
            code(error.fault())
        }
    }
}

fn code(fault: Fault) -> ExitCode {
    ExitCode::from(fault.exit_code())
}

fn report(printer: &Printer, error: &Error) {
    match error {
        Error::Problems(problems) => printer.diagnostics(problems),
        error => printer.error(&nightshift_app::chain(error)),
    }
    if error.retry_helps() {
        printer.note("trying again may help");
    }
}
