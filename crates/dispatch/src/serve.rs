//! Being the dispatcher of a graph on this host: takes the lock, opens what is needed, runs the loop, and
//! leaves nothing but the agents behind.

use std::hash::{BuildHasher, Hasher};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::UnixListener;
use tokio::sync::{Notify, broadcast, mpsc, watch};
use wg_core::port::{Clock, Store, StoreError};

use crate::config::DispatchConfig;
use crate::control::leases::Leases;
use crate::control::message::Status;
use crate::control::server::{Desk, TAIL_BEHIND, listen};
use crate::daemon_lock::{DaemonLock, LockError};
use crate::dispatcher::Dispatcher;
use crate::files::GraphFolder;
use crate::host::host_name;
use crate::interpret::Interpreter;
use crate::run::Loop;
use crate::socket::{self, ListenError};
use crate::spawner::Spawner;
use crate::store_thread::{Keeper, StoreThread};
use crate::supervise::linux::own_pid;

/// Opens the graph's store.
pub type OpenStore = Arc<dyn Fn() -> Result<Box<dyn Store>, StoreError> + Send + Sync>;
/// Reads the configuration again.
pub type Reload = Arc<dyn Fn() -> Result<DispatchConfig, String> + Send + Sync>;

/// Requests and events that may wait for the loop: some for each connection and each slot. More wait where
/// they are.
const WAITING: usize = 1024;
/// Threads for what takes time: ends of attempts, mostly.
const BACKGROUND: usize = 256;
/// Pieces of answers that one who is attached may be behind: then it reads what was committed.
const NEWS_BEHIND: usize = 1024;
/// How long such a thread stays when there is nothing more for it.
const LINGER: Duration = Duration::from_secs(1);

/// What a dispatcher needs from outside.
pub struct ServeOptions {
    /// The graph's folder, `.wg`: an absolute path.
    pub graph: GraphFolder,
    /// Opens its store.
    pub open_store: OpenStore,
    /// How it is configured.
    pub config: DispatchConfig,
    /// Reads that again.
    pub reload: Reload,
    /// The program that is a shim when called with [`crate::supervise::SHIM_VERB`].
    pub shim_program: PathBuf,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Version of the program, to be shown.
    pub version: String,
    /// Called once, when it has looked at what is there and taken up what runs.
    pub ready: Box<dyn FnOnce() + Send>,
}

/// Why there is no dispatcher (any more).
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Another one runs, or the lock can't be taken.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The store can't be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The control socket can't be made.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The system refused something else.
    #[error("the dispatcher can't run: {0}")]
    Io(#[from] io::Error),
}

/// Runs the dispatcher until it is asked to leave; agents go on without it, with their shims.
pub fn serve(options: ServeOptions) -> Result<(), ServeError> {
    let ServeOptions { graph, open_store, config, reload, shim_program, clock, version, ready } = options;
    let lock = DaemonLock::take(&graph, &version, clock.now())?;
    let store = open_store()?;
    let host = host_name(&graph)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .max_blocking_threads(BACKGROUND)
        .thread_keep_alive(LINGER)
        .build()?;
    let listener = socket::listen(&graph.control_socket())?;
    tracing::info!(pid = own_pid(), host, version, slots = config.max_agents, "the dispatcher runs");

    let result = runtime.block_on(async {
        let changed = Arc::new(Notify::new());
        let heard = changed.clone();
        // Kept for as long as the loop runs.
        let _watching = store.watch(Box::new(move || heard.notify_one()))?;
        let status = Status { pid: own_pid(), program: version, since: clock.now(), ..Status::default() };
        let (status, shown) = watch::channel(Arc::new(status));
        let (incoming_out, incoming) = mpsc::channel(WAITING);
        let (events_out, events) = mpsc::channel(WAITING);
        let (born_out, born) = mpsc::channel(WAITING);
        let (configs_out, configs) = mpsc::channel(1);
        let (noted, _) = broadcast::channel(TAIL_BEHIND);
        let (news, _) = broadcast::channel(NEWS_BEHIND);
        let leases = Leases::default();
        let mut first = shown.clone();
        tokio::spawn(async move {
            // The first turn of the store thread shows the first status.
            if first.changed().await.is_ok() {
                ready();
            }
        });
        let desk = Desk {
            status: shown,
            incoming: incoming_out,
            noted: noted.clone(),
            news: news.clone(),
            leases: leases.clone(),
        };
        tokio::spawn(listen(UnixListener::from_std(listener)?, desk));
        let spawner = Spawner::start(shim_program, graph.clone(), &config.sandbox, born_out)?;
        let mut interpreter =
            Interpreter::new(graph.clone(), clock.clone(), spawner, events_out, noted, news);
        interpreter.configure(&config);
        let dispatcher = Dispatcher::new(host.clone(), config, seed());
        let keeper = Keeper { store, dispatcher, graph: graph.clone(), host, clock };
        let store = StoreThread::start(keeper)?;
        let looping = Loop {
            changed,
            incoming,
            leases,
            events,
            born,
            configs,
            configs_out,
            store,
            interpreter,
            status,
            reload,
        };
        looping.run().await.map_err(ServeError::from)
    });
    match &result {
        Ok(()) => tracing::info!("the dispatcher leaves"),
        Err(error) => tracing::warn!(%error, "the dispatcher ends"),
    }
    // The next one may start before the last connection is closed: those that wait for that see it then.
    let _ = std::fs::remove_file(graph.control_socket());
    drop(lock);
    runtime.shutdown_background();
    result
}

/// Chance, once for the whole run: what the standard library seeds its hash maps with.
fn seed() -> u64 {
    std::hash::RandomState::new().build_hasher().finish()
}
