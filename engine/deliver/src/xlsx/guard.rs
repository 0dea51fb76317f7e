//! The workbook library answers a full disk with a panic. We make an error of it, and nobody wants its stack trace on the terminal.

use std::any::Any;
use std::cell::Cell;
use std::panic::{self, UnwindSafe};
use std::sync::Once;

thread_local! {
    /// Whether this thread is inside [`caught`].
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Runs `work` and gives back what it panicked with.
pub(super) fn caught<T>(work: impl FnOnce() -> T + UnwindSafe) -> Result<T, Box<dyn Any + Send>> {
    silence();
    let outer = GUARDED.replace(true);
    let done = panic::catch_unwind(work);
    GUARDED.set(outer);
    done
}

/// Puts a hook before the one that prints panics, once a process; all but the guarded ones still reach it.
fn silence() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let print = panic::take_hook();
        panic::set_hook(Box::new(move |information| {
            if !GUARDED.get() {
                print(information);
            }
        }));
    });
}
