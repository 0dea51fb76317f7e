//! How a running command is asked to stop.

use nightshift_diagnostic::Fault;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::printer::Printer;

/// A token that Ctrl-C or SIGTERM cancels: steps stop at the end of their unit, and the batch can be resumed. Asked a second time, the
/// process ends at once: as safe as a crash, and the next run says what it found.
pub(super) fn stop_on_signal(printer: Printer) -> CancellationToken {
    let cancel = CancellationToken::new();
    let token = cancel.clone();
    tokio::spawn(async move {
        let mut interrupts = signal(SignalKind::interrupt()).ok();
        let mut terminations = signal(SignalKind::terminate()).ok();
        either(&mut interrupts, &mut terminations).await;
        printer.note("stopping: steps end at their unit, then the batch can be resumed; again to leave at once");
        token.cancel();
        either(&mut interrupts, &mut terminations).await;
        printer.note("left at once: run or retry the same pipeline and date to go on");
        leave();
    });
    cancel
}

#[allow(clippy::exit, reason = "asked twice, nothing of the process may be waited for")]
fn leave() {
    std::process::exit(i32::from(Fault::External.exit_code()));
}

async fn either(interrupts: &mut Option<Signal>, terminations: &mut Option<Signal>) {
    tokio::select! {
        () = next(interrupts) => {}
        () = next(terminations) => {}
    }
}

/// The next one; never, where the system gives none.
async fn next(signals: &mut Option<Signal>) {
    match signals {
        Some(signals) => {
            signals.recv().await;
        }
        None => std::future::pending().await,
    }
}
