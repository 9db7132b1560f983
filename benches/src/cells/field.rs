//! Who can do what.

/// Calls an entry function for everybody in a list, such as `every!(spsc threads: one::<u64>(shape, Block, Block))`.
macro_rules! every {
    (spsc threads: $($call:tt)*) => {
        every!(@ $($call)*; Spsc, SpscAck, SpscPull, Std, Crossbeam, Flume, Kanal, CrossfireSpsc,
            Loole, AsyncChannel, Tokio, ThingbufThreads, FibreSpsc)
    };
    (mpsc threads: $($call:tt)*) => {
        every!(@ $($call)*; Mpsc, MpscAck, MpscPull, Std, Crossbeam, Flume, Kanal, CrossfireMpsc,
            Loole, AsyncChannel, Tokio, ThingbufThreads, FibreMpsc)
    };
    (mpmc threads: $($call:tt)*) => {
        every!(@ $($call)*; Mpmc, MpmcAck, MpmcPull, Crossbeam, Flume, Kanal, CrossfireMpmc, Loole,
            AsyncChannel, FibreMpmc)
    };
    (spsc tasks: $($call:tt)*) => {
        every!(@ $($call)*; Spsc, SpscAck, SpscPull, Flume, Kanal, CrossfireSpsc, Loole,
            AsyncChannel, Tokio, Tachyonix, ThingbufTasks, RapidfireMpsc, FibreSpsc)
    };
    (mpsc tasks: $($call:tt)*) => {
        every!(@ $($call)*; Mpsc, MpscAck, MpscPull, Flume, Kanal, CrossfireMpsc, Loole,
            AsyncChannel, Tokio, Tachyonix, ThingbufTasks, RapidfireMpsc, FibreMpsc)
    };
    (mpmc tasks: $($call:tt)*) => {
        every!(@ $($call)*; Mpmc, MpmcAck, MpmcPull, Flume, Kanal, CrossfireMpmc, Loole,
            AsyncChannel, RapidfireMpmc, FibreMpmc)
    };
    (spsc mixed: $($call:tt)*) => {
        every!(@ $($call)*; Spsc, Flume, Kanal, CrossfireSpsc, Loole, AsyncChannel, Tokio, FibreSpsc)
    };
    (mpsc mixed: $($call:tt)*) => {
        every!(@ $($call)*; Mpsc, Flume, Kanal, CrossfireMpsc, Loole, AsyncChannel, Tokio, FibreMpsc)
    };
    (mpmc mixed: $($call:tt)*) => {
        every!(@ $($call)*; Mpmc, Flume, Kanal, CrossfireMpmc, Loole, AsyncChannel, FibreMpmc)
    };
    (spsc waits: $($call:tt)*) => {
        every!(@ $($call)*; Spsc, Std, Crossbeam, Flume, Kanal, CrossfireSpsc, Loole, AsyncChannel,
            Tokio, ThingbufThreads, FibreSpsc)
    };
    (mpsc waits: $($call:tt)*) => {
        every!(@ $($call)*; Mpsc, Std, Crossbeam, Flume, Kanal, CrossfireMpsc, Loole, AsyncChannel,
            Tokio, ThingbufThreads, FibreMpsc)
    };
    (mpmc waits: $($call:tt)*) => {
        every!(@ $($call)*; Mpmc, Crossbeam, Flume, Kanal, CrossfireMpmc, Loole, AsyncChannel, FibreMpmc)
    };
    (spsc polls: $($call:tt)*) => {
        every!(@ $($call)*; Spsc, SpscAck, SpscPull, Rtrb, Ringbuf, NexusSpsc, Array, Std,
            Crossbeam, Flume, Kanal, CrossfireSpsc, Loole, AsyncChannel, Tokio, Tachyonix,
            ThingbufThreads, RapidfireMpsc, FibreSpsc)
    };
    (mpsc polls: $($call:tt)*) => {
        every!(@ $($call)*; Mpsc, MpscAck, MpscPull, NexusMpsc, Array, Std, Crossbeam, Flume, Kanal,
            CrossfireMpsc, Loole, AsyncChannel, Tokio, Tachyonix, ThingbufThreads, RapidfireMpsc,
            FibreMpsc)
    };
    (mpmc polls: $($call:tt)*) => {
        every!(@ $($call)*; Mpmc, MpmcAck, MpmcPull, Array, Crossbeam, Flume, Kanal, CrossfireMpmc,
            Loole, AsyncChannel, RapidfireMpmc, FibreMpmc)
    };
    (@ $make:ident::<$T:ty> $args:tt; $($C:ident),*) => {
        vec![$($make::<$crate::contestants::$C, $T> $args),*]
    };
    (@ $make:ident $args:tt; $($C:ident),*) => {
        vec![$($make::<$crate::contestants::$C> $args),*]
    };
}

pub(super) use every;
