//! How a running command is asked to stop.

use tokio_util::sync::CancellationToken;

/// A token that Ctrl-C or SIGTERM cancels: steps stop at the end of their unit, and the batch can be resumed.
pub(super) fn stop_on_signal() -> CancellationToken {
    let cancel = CancellationToken::new();
    let token = cancel.clone();
    tokio::spawn(async move {
        let terminate = async {
            match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
                Ok(mut signal) => {
                    signal.recv().await;
                }
                Err(_) => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            () = terminate => {}
        }
        token.cancel();
    });
    cancel
}
